/** A value that pages can watch: the only state container of the phone pages. */

import { useEffect, useState } from "preact/hooks";

export class Store<T> {
  private readonly watchers = new Set<(value: T) => void>();

  constructor(private value: T) {}

  get(): T {
    return this.value;
  }

  set(value: T): void {
    if (Object.is(value, this.value)) return;
    this.value = value;
    for (const watcher of [...this.watchers]) watcher(value);
  }

  watch(watcher: (value: T) => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }
}

/** Renders the component again whenever the store changes. */
export function useStore<T>(store: Store<T>): T {
  const [value, set] = useState<{ readonly held: T }>({ held: store.get() });
  useEffect(() => {
    set({ held: store.get() });
    return store.watch((held) => set({ held }));
  }, [store]);
  return value.held;
}

/** Reads JSON kept on this phone; anything unreadable counts as absent. */
export function kept<T>(key: string): T | null {
  try {
    const text = localStorage.getItem(key);
    return text === null ? null : (JSON.parse(text) as T);
  } catch {
    return null;
  }
}

/** Keeps JSON on this phone, or forgets it (`null`); a full or forbidden storage is no reason to fail. */
export function keep(key: string, value: unknown): void {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(value));
  } catch {
    /* private browsing: the page works, it only forgets */
  }
}
