/**
 * When a page asks again: out of a budget that only successes refill, after waits that differ from phone to phone.
 *
 * A phone that meets a broken server falls silent instead of joining a storm: a million pages that all retry cost the
 * servers at most one request in ten more than no retry at all, once their first ten are spent.
 */

/** Answered requests that pay for one retry. */
const PRICE = 10;

export class RetryBudget {
  private left: number;

  constructor(private readonly retriesAtMost = 10) {
    this.left = retriesAtMost * PRICE;
  }

  /** A request was answered. */
  succeeded(): void {
    this.left = Math.min(this.retriesAtMost * PRICE, this.left + 1);
  }

  /** Whether to try once more; if so it is paid for. */
  spend(): boolean {
    if (this.left < PRICE) return false;
    this.left -= PRICE;
    return true;
  }
}

/** How long to wait before attempt number `attempt` (from 0): full jitter up to 1, 2, 4 … 60 s, never before `retryAfterMs`. */
export function waitMs(attempt: number, retryAfterMs: number | null = null, random: () => number = Math.random): number {
  const ceiling = Math.min(60_000, 1000 * 2 ** attempt);
  return (retryAfterMs ?? 0) + 250 + random() * ceiling;
}
