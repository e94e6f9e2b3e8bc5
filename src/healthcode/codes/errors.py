"""Why a code was not accepted. Each kind has a stable `code` for logs and answers and the check's `outcome`."""

from typing import ClassVar


class CodeError(Exception):
    """Base of every refusal of a code. `outcome` is an id of spec/outcomes.md."""

    code: ClassVar[str] = "code_refused"
    outcome: ClassVar[str] = "failed"


class Unreadable(CodeError):
    """The text is not one of our codes, or a part of it is missing."""

    code = "unreadable"


class UpdateNeeded(CodeError):
    """The code is of a version or suite that this release does not know."""

    code = "update_needed"


class WrongRegion(CodeError):
    """The code was made in another region; `region` says which."""

    code = "wrong_region"

    def __init__(self, region: int) -> None:
        super().__init__(f"this code was made in region {region}")
        self.region = region


class Forged(CodeError):
    """The seal or signature does not hold, or holds for something that no issuer makes."""

    code = "forged"
    outcome = "forged"


class Expired(CodeError):
    """The code's time has passed."""

    code = "expired"
    outcome = "expired"


class NotYet(CodeError):
    """The code is for a later time: a phone's clock is fast, or somebody saved codes made ahead."""

    code = "not_yet"
    outcome = "expired"


class ForeignPlace(CodeError):
    """A venue code inside a link to somewhere that is not ours: worth a report."""

    code = "foreign_place"
    outcome = "forged"
