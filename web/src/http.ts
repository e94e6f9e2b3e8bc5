/**
 * Requests to edge and control: one error shape, a time limit, and retries that cannot become a storm.
 *
 * Retrying draws on a budget that only successes refill (one for ten), so that a phone which meets a broken server
 * falls silent instead of joining a retry storm; waits grow exponentially with full jitter and obey `Retry-After`.
 */

import { RetryBudget, waitMs } from "./budget";
import { reader } from "./language";

export interface FieldError {
  readonly field?: string;
  readonly message: string;
}

/** An answer that is no success (RFC 9457), or none at all (`status` 0). */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly title: string,
    readonly detail: string,
    readonly errors: readonly FieldError[] = [],
    readonly retryAfterMs: number | null = null,
  ) {
    super(detail || title || code);
  }

  /** Nobody answered, or the server says that it cannot now: waiting may help. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 502;
  }
}

export interface Answer<T> {
  readonly body: T;
  readonly etag: string | null;
  readonly status: number;
  /** The server's clock minus ours in milliseconds, as well as a `Date` header tells; null without one. */
  readonly skewMs: number | null;
}

export interface Ask {
  readonly method?: "GET" | "POST";
  readonly body?: unknown;
  readonly bearer?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

const budget = new RetryBudget();

async function problemRead(response: Response): Promise<Problem> {
  const wait = Number(response.headers.get("Retry-After"));
  const retryAfter = Number.isFinite(wait) && wait > 0 ? wait * 1000 : null;
  try {
    const body = (await response.json()) as Partial<Problem> & { errors?: FieldError[] };
    return new Problem(response.status, body.code ?? `http_${response.status}`, body.title ?? "", body.detail ?? "", body.errors ?? [], retryAfter);
  } catch {
    return new Problem(response.status, `http_${response.status}`, "", "", [], retryAfter);
  }
}

/** One request. Raises `Problem`; a 304 answers with `body` null. */
export function ask<T>(path: string, options: Ask = {}): Promise<Answer<T>> {
  return asked(path, options, "application/json", async (response) => (await response.json()) as T);
}

/** The same for an answer that is no JSON. */
export function askBytes(path: string, options: Ask = {}): Promise<Answer<Uint8Array | null>> {
  return asked(path, options, "application/cbor", async (response) => new Uint8Array(await response.arrayBuffer()));
}

async function asked<T>(path: string, { method = "GET", body, bearer, headers, timeoutMs = 10_000 }: Ask, accept: string, read: (response: Response) => Promise<T>): Promise<Answer<T>> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), timeoutMs);
  const all: Record<string, string> = { Accept: accept, "Accept-Language": reader.get().lang, ...headers };
  if (bearer) all["Authorization"] = `Bearer ${bearer}`;
  if (body !== undefined) all["Content-Type"] = "application/json";
  const sent = Date.now();
  try {
    const response = await fetch(path, { method, headers: all, signal: stop.signal, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    if (response.status !== 304 && !response.ok) throw await problemRead(response);
    budget.succeeded();
    const date = Date.parse(response.headers.get("Date") ?? "");
    const skewMs = Number.isNaN(date) ? null : date + 500 - (sent + Date.now()) / 2;
    const empty = response.status === 304 || response.status === 204;
    return { body: (empty ? null : await read(response)) as T, etag: response.headers.get("ETag"), status: response.status, skewMs };
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem(0, stop.signal.aborted ? "timeout" : "offline", "", "");
  } finally {
    clearTimeout(timer);
  }
}

/** How long to wait before attempt number `attempt` (from 0); a server that named a time is given it. */
export function backoffMs(attempt: number, problem?: Problem): number {
  return waitMs(attempt, problem?.retryAfterMs);
}

/** Asks again, a few times, while it is likely to help. Only for what may be repeated: GET, or a keyed POST. */
export async function askAgain<T>(path: string, options: Ask = {}, attempts = 3): Promise<Answer<T>> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await ask<T>(path, options);
    } catch (error) {
      if (!(error instanceof Problem) || !error.passing || attempt + 1 >= attempts || !budget.spend()) throw error;
      await new Promise((done) => setTimeout(done, backoffMs(attempt, error)));
    }
  }
}
