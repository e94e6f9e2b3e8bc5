"""The pages of sign-in that officers need, and no others: accounts are made by appointment, not here.

Left out of allauth's list: sign-up, e-mail addresses, password reset by mail, sign-in by code, passkey sign-up,
renaming of keys. A forgotten password is replaced by the unit that filed the appointment.
"""

from __future__ import annotations

from allauth.account import views as account
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import views as mfa
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import path

from healthcode.control.language import say
from healthcode.control.offices.views import leave
from healthcode.control.problems import Problem


@login_required
def key_remove(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Remove a security key, unless it is the last second factor (the form for one-time codes refuses that itself)."""
    key = get_object_or_404(Authenticator, pk=pk, user=request.user, type=Authenticator.Type.WEBAUTHN)
    if not get_adapter().can_delete_authenticator(key):
        raise Problem(
            409,
            "last_second_factor",
            say("这是最后一个第二因素", "This is the last second factor"),
            say("请先绑定另一个，再移除它。", "Add another one first, then remove this one."),
        )
    response: HttpResponseBase = webauthn.remove_webauthn(request, pk=pk)
    return response


urlpatterns = [
    path("login/", account.login, name="account_login"),
    path("logout/", leave, name="account_logout"),  # ends the acting session too
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("password/change/", account.password_change, name="account_change_password"),
    path("2fa/", mfa.index, name="mfa_index"),
    path("2fa/authenticate/", mfa.authenticate, name="mfa_authenticate"),
    path("2fa/reauthenticate/", mfa.reauthenticate, name="mfa_reauthenticate"),
    path("2fa/totp/activate/", totp.activate_totp, name="mfa_activate_totp"),
    path("2fa/totp/deactivate/", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path("2fa/webauthn/", webauthn.list_webauthn, name="mfa_list_webauthn"),
    path("2fa/webauthn/add/", webauthn.add_webauthn, name="mfa_add_webauthn"),
    path("2fa/webauthn/reauthenticate/", webauthn.reauthenticate_webauthn, name="mfa_reauthenticate_webauthn"),
    path("2fa/webauthn/keys/<int:pk>/remove/", key_remove, name="mfa_remove_webauthn"),
    path("2fa/recovery-codes/", recovery.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("2fa/recovery-codes/generate/", recovery.generate_recovery_codes, name="mfa_generate_recovery_codes"),
    path("2fa/recovery-codes/download/", recovery.download_recovery_codes, name="mfa_download_recovery_codes"),
]
