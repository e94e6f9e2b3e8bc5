/**
 * What time it is at a gate without network: the device's clock, corrected as the server last said, and a memory of the
 * latest time seen. A clock that somebody sets back would make old passes and old bundles new again: then nothing is
 * judged until a server has spoken.
 */

import { drawerGet, drawerPut } from "./drawer";

interface Memory {
  /** The latest time that a server said, ms; it never goes down. */
  readonly server: number;
  /** The latest time that this device has shown since, ms. */
  readonly seen: number;
  /** The server's clock minus ours, ms. */
  readonly skewMs: number;
}

const TOLERANCE_MS = 120_000;
const KEPT_EVERY_MS = 10_000;

let memory: Memory = { server: 0, seen: 0, skewMs: 0 };
let keptAt = 0;

export async function timeLoad(): Promise<void> {
  const found = await drawerGet<Memory>("kept", "time").catch(() => null);
  if (found && found.server > memory.server) memory = found;
}

function remember(next: Memory): void {
  memory = next;
  if (next.seen - keptAt < KEPT_EVERY_MS && next.seen >= keptAt) return;
  keptAt = next.seen;
  void drawerPut("kept", "time", next).catch(() => undefined);
}

/** A server spoke: `atMs` is its time. */
export function timeHeard(atMs: number): void {
  remember({ server: Math.max(memory.server, atMs), seen: atMs, skewMs: atMs - Date.now() });
}

/** The server's time as this device knows it, ms. */
export function timeNow(): number {
  return Date.now() + memory.skewMs;
}

/** Whether the clock stands before a time that was seen already. Looking moves the memory on. */
export function timeWentBack(): boolean {
  const now = timeNow();
  if (now < Math.max(memory.server, memory.seen) - TOLERANCE_MS) return true;
  if (now > memory.seen) remember({ ...memory, seen: now });
  return false;
}
