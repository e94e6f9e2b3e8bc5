/** Who holds this phone's code: the sealed session and what may be shown without asking. */

import { ask } from "../http";
import { Store, keep, kept } from "../store";
import { holderForget, holderThumb } from "./holder";

export interface Session {
  readonly session: string;
  readonly masked_name: string;
  readonly masked_document?: string;
  readonly residence?: string;
}

export const session = new Store<Session | null>(kept<Session>("hc.session"));

export function sessionKeep(value: Session): void {
  keep("hc.session", value);
  session.set(value);
}

/** Forgets everything that this phone holds about the person. */
export function sessionForget(): void {
  for (const key of ["hc.session", "hc.codes", "hc.visits", "hc.pass"]) keep(key, null);
  session.set(null);
  void holderForget();
}

export interface PhoneCodeSent {
  readonly expires_in?: number;
  readonly retry_after?: number;
  /** The server runs invented people: the code may be read at /demo/phone-codes. */
  readonly demo?: boolean;
}

export async function phoneCodeSend(phone: string): Promise<PhoneCodeSent> {
  return (await ask<PhoneCodeSent | null>("/api/people/phone-codes", { method: "POST", body: { phone } })).body ?? {};
}

/** The code that the demonstration's SMS twin holds; null where there is none. */
export async function phoneCodeDemo(phone: string): Promise<string | null> {
  try {
    const { body } = await ask<{ code?: string; phone_code?: string }>(`/demo/phone-codes?phone=${encodeURIComponent(phone)}`);
    return body?.code ?? body?.phone_code ?? null;
  } catch {
    return null;
  }
}

export interface SignIn {
  readonly phone: string;
  readonly phone_code: string;
  /** Needed only where several people share the phone. */
  readonly document_kind?: string;
  readonly document_number?: string;
}

/** Binds a request for a session to this phone's key, where it has one. */
async function bound<T extends object>(body: T): Promise<T & { device_key_thumb?: string }> {
  const thumb = await holderThumb();
  return thumb ? { ...body, device_key_thumb: thumb } : body;
}

export async function signIn(how: SignIn): Promise<void> {
  const { body } = await ask<Session>("/api/people/sessions", { method: "POST", body: await bound(how) });
  sessionKeep(body);
}

export interface Application {
  readonly name: string;
  readonly document_kind: string;
  readonly document_number: string;
  readonly phone: string;
  readonly phone_code: string;
  readonly residence: string;
  readonly address: string;
  readonly declaration: { readonly symptoms: readonly string[]; readonly exposure: boolean; readonly text?: string };
  readonly consent_version: string;
}

export async function apply(application: Application): Promise<void> {
  const { body } = await ask<Session>("/api/people/applications", { method: "POST", body: await bound(application), timeoutMs: 20_000 });
  sessionKeep(body);
}

/** Ends the session at control where it answers, and in any case on this phone. */
export async function signOut(): Promise<void> {
  await ask<unknown>("/api/people/sessions/leave", { method: "POST", body: {}, timeoutMs: 3000 }).catch(() => undefined);
  sessionForget();
}

export async function withdraw(): Promise<void> {
  await ask<unknown>("/api/people/withdrawal", { method: "POST", body: {} });
  sessionForget();
}
