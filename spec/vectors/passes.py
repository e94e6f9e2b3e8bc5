"""Vectors of passes and papers, put together byte by byte as sections 6 and 7 of spec/code-format.md say."""

import hashlib

import cbor2
import reference as ref

from healthcode.crypto.suites import suite

SHANXI, HENAN = 140000, 410000
NOON = 20_000 * 1440 - 480 + 720
NOON_S = NOON * 60
HANDLE = bytes(range(16, 32))
HOLDER = suite("intl").private_from_bytes(
    bytes.fromhex(
        "519b423d715f8b581f4fa8ee59f4771a5b44c8130b4e3eacca54a56dda72b464"  # P-256, of NIST's ECDSA vectors
        "041ccbe91c075fc7f4f033bfa248db8fccd3565de94bbfb12f3c59ff46c271bf83"
        "ce4014c68811f9a21a1fdb2c0e6113e06db7ca93b7404e78dc7ccd5ca89a4ca9"
    )
)
LOCATOR = bytes(20)
POINT = HOLDER.public.to_bytes()
KID = b"issuer01"
OURS = -70_000

GM_PUBLIC = (
    "04e8555b81b38aa908e425ee09362b206b0bc6d7f90989c8f04049b1a905c3e960"
    "eb66443e78e77c5e157276312109f3815ad9c2a1732bf9e757db1c3ae93be3cc"
)
# SM2 signatures are random: these two were made once, by a key that was thrown away
GM_PAPER = (
    "HB1:RRQIEA:60100V50GO0H3D*96DL6WW68CKIC6FN086D7XCWY0-0DJ*2R-0I12$C2BO2UZ2423ND3.O3G 3/E7360H4EC6"
    "0200II4U*CQ.L*E527BX24SL082AY8Q/TO+TU1%FT:B2X6Q0WS%OGTIR499KEFU95KB7BQG.490DC.E9XOEAI9$6R9I4+2 ."
    "DWG0I3U1$2523L*5Z4V"
)
GM_SHOWN = (
    "HP1:RRQT 9O60GO0-HH24OUWVDQ29CKY50DRKW50.C3T8NHFU5BBRRQIEA:60100V50GO0H3D*96DL6WW68CKN2KFN0.0D3N"
    "IWY0.0D3IBR-0I12$C2BO2UZ2423ND3.O3G 3441F90X50324V94U241ZPKO3*4CJ/UHO69NK2YRA+PE-A8MTNAOW/5:GBO."
    "84HE0QGF6BF3Q8S239H6PVRD3%VR  13N27*DJRPM7NI-9E*RC/P7EL5V9/E7360K4EC60200II4.J0$PGY90-XEHB0V*C92"
    "K*E5*RA000000000000000000000000000/10078$$R.IOFT3+KCN4QS%EGSIKPES-CVS9+S12:SD%20DCSWK%4807B5*I+G"
    "R1P0IT5C:O/6V.:H14UKZ7::G72MQ2Q:GCU%JVCLA88GMM$4BG2O0$3NGQY 0DSKB50K74-82/KCJB46U8R/AZW3.Q5XRM0-"
    "J$3W::6L J:RGGBG.CJ/Q9/AEGHKIJMO1EH 6U.4G3"
)


def cose(key, kid, payload, context, *, alg=-7, extra=None, signature=None):
    """A COSE_Sign1, right but for what is given."""
    protected = cbor2.dumps({1: alg, 4: kid}, canonical=True)
    encoded = cbor2.dumps(payload, canonical=True)
    signature = signature or key.sign(cbor2.dumps(["Signature1", protected, context, encoded]))
    return cbor2.dumps(cbor2.CBORTag(18, [protected, extra or {}, encoded, signature]), canonical=True)


def flip(data, at):
    """The same bytes with one bit changed."""
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


class Maker:
    """Makes papers and passes with one issuer's key."""

    def __init__(self, issuer, kid=KID, alg=-7):
        self.issuer, self.kid, self.alg = issuer, kid, alg

    def paper(self, *, life=(NOON - 1440, NOON + 179 * 1440), ours=None, context=b"healthcode/paper/1", **how):
        """The text of a paper."""
        said = {7: HANDLE, 6: life[0] * 60, 4: life[1] * 60, OURS: ours or [1, SHANXI, "孙**"]}
        return "HB1:" + ref.base45(cose(self.issuer, how.pop("kid", self.kid), said, context, alg=self.alg, **how))

    def issued(self, *, ours=None, life=(NOON - 60, NOON + 180), point=POINT, context=b"healthcode/pass/1", **how):
        """The issuer's part of a pass."""
        key = {1: 2, -1: 1, -2: point[1:33], -3: point[33:]}
        ours = ours or [1, SHANXI, 3, [[NOON - 60, 2, 0]], "林**", LOCATOR]
        said = {7: HANDLE, 6: life[0] * 60, 4: life[1] * 60, 8: {1: how.pop("cnf", key)}, OURS: ours}
        return cose(self.issuer, how.pop("kid", self.kid), said, context, alg=self.alg, **how)

    def shown(self, issued=None, *, minute=NOON, holder=HOLDER, version=1, context=b"healthcode/holder/1", **how):
        """The bytes that a phone shows."""
        said = {0: version, 1: minute, 2: self.issued() if issued is None else issued}
        kid = hashlib.sha256(holder.public.to_bytes()).digest()[:8]
        return cose(holder, how.pop("kid", kid), said, context, **how)


def text(data):
    """The text of a pass."""
    return "HP1:" + ref.base45(data)


def paper_cases(issuer):
    """Name, text, and what differs from the common context."""
    make = Maker(issuer)
    good = make.paper()
    yield "Sun's paper", good, {}
    yield "a paper signed with SM2", GM_PAPER, {}
    yield "on its last minute", good, {"now": NOON + 179 * 1440 - 1}
    yield "issued ten minutes ahead of a slow clock", good, {"now": NOON - 1440 - 10}
    yield "an element of a later release", make.paper(ours=[1, SHANXI, "孙**", "new"]), {}
    yield "past its date", good, {"now": NOON + 179 * 1440}
    yield "issued in the future", good, {"now": NOON - 1440 - 11}
    yield "nothing", "", {}
    yield "a later version of the text", "HB2:" + good[4:], {}
    yield "a live code's prefix", "HL1:" + good[4:], {}
    yield "lower case", good.lower(), {}
    yield "one character short", good[:-1], {}
    yield "far too long", good + "0" * 400, {}
    yield "another region", make.paper(ours=[1, HENAN, "孙**"]), {}
    yield "a version of a later release", make.paper(ours=[2, SHANXI, "孙**"]), {}
    yield "an unknown issuer", make.paper(kid=b"stranger"), {}
    yield "an algorithm of a later release", Maker(issuer, alg=-48).paper(), {}
    yield "signed as a venue code", make.paper(context=b"healthcode/venue/1"), {}
    yield "something unsigned beside it", make.paper(extra={9: 1}), {}
    yield "an altered handle", "HB1:" + ref.base45(flip(ref.unbase45(good[4:]), 60)), {}
    yield "a key of another suite", make.paper(kid=b"gm-key"), {}


def pass_cases(issuer):
    """Name, text, and what differs from the common context."""
    make = Maker(issuer)
    good = make.shown()
    yield "Lin's pass of this minute", text(good), {}
    yield "a pass signed with SM2, its phone's key P-256 as always", GM_SHOWN, {}
    yield "at the last moment of the skew before", text(good), {"now_s": NOON_S - 15}
    yield "just before its minute is over with the skew", text(good), {"now_s": NOON_S + 74.5}
    steps = [1, SHANXI, 3, [[NOON - 60, 4, 0], [NOON - 5, 3, 2]], "赵**", LOCATOR]
    yield "a state that changed since it was issued", text(make.shown(make.issued(ours=steps))), {}
    later = [1, SHANXI, 3, [[NOON - 60, 2, 0, "new"]], "林**", LOCATOR, "new"]
    yield "elements of a later release", text(make.shown(make.issued(ours=later))), {}
    yield "a photograph a minute later", text(good), {"now_s": NOON_S + 75}
    yield "a pass of the future", text(good), {"now_s": NOON_S - 16}
    yield "a pass that has ended", text(make.shown(make.issued(life=(NOON - 240, NOON)))), {}
    yield "shown before it was issued", text(make.shown(make.issued(life=(NOON + 2, NOON + 240)))), {}
    yield "nothing", "", {}
    yield "a later version of the text", "HP2:" + text(good)[4:], {}
    yield "a paper's prefix", "HB1:" + text(good)[4:], {}
    yield "one character short", text(good)[:-1], {}
    yield "far too long", text(good) + "000" * 400, {}
    yield "not CBOR", text(b"\xff\xff"), {}
    yield "the issuer's part alone", text(make.issued()), {}
    yield "a holder's part of a later release", text(make.shown(version=2)), {}
    yield "a minute that is no number", text(make.shown(minute="now")), {}
    yield "an issuer's part that is text", text(make.shown("pass")), {}
    other = suite("intl").private_from_bytes(issuer.to_bytes())
    yield "shown by another phone", text(make.shown(holder=other)), {}
    yield "another phone under the first one's id", text(make.shown(holder=other, kid=_kid(POINT))), {}
    yield "moved to the next minute", text(_moved(good)), {"now_s": NOON_S + 60}
    yield "the minute signed for another purpose", text(make.shown(context=b"healthcode/pass/1")), {}
    yield "something unsigned beside the minute", text(make.shown(extra={9: 1})), {}
    yield "an unknown issuer", text(make.shown(make.issued(kid=b"stranger"))), {}
    yield "a key of another suite", text(make.shown(make.issued(kid=b"gm-key"))), {}
    yield "an issuer's part signed as a paper", text(make.shown(make.issued(context=b"healthcode/paper/1"))), {}
    yield "an altered color", text(make.shown(flip(make.issued(), -70 + len(make.issued())))), {}
    yield "another region", text(make.shown(make.issued(ours=[1, HENAN, 3, [[NOON, 2, 0]], "林**", LOCATOR]))), {}
    yield (
        "a version of a later release",
        text(make.shown(make.issued(ours=[2, SHANXI, 3, [[NOON, 2, 0]], "x", LOCATOR]))),
        {},
    )
    yield "no timeline", text(make.shown(make.issued(ours=[1, SHANXI, 3, [], "林**", LOCATOR]))), {}
    yield "an algorithm of a later release", text(make.shown(Maker(issuer, alg=-48).issued())), {}
    yield "a holder's key of another curve", text(make.shown(make.issued(cnf={1: 2, -1: 2, -2: b"x", -3: b"y"}))), {}


def _kid(point):
    return hashlib.sha256(point).digest()[:8]


def _moved(data):
    """The minute inside raised by one, the signature left as it is."""
    before = cbor2.dumps(NOON)
    place = data.index(b"\x01" + before) + 1
    return data[:place] + cbor2.dumps(NOON + 1) + data[place + len(before) :]
