/** What the inspector's device keeps in its own database: bundle, clock, a key that never leaves it, offline checks. */

const DATABASE = "healthcode-gate";
const STORES = ["kept", "visits"] as const;
type StoreName = (typeof STORES)[number];

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

let opened: Promise<IDBDatabase> | null = null;

function database(): Promise<IDBDatabase> {
  if (!opened) {
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => STORES.forEach((name) => opening.result.createObjectStore(name));
    opened = done(opening);
    opened.catch(() => (opened = null));
  }
  return opened;
}

async function store(name: StoreName, mode: IDBTransactionMode): Promise<IDBObjectStore> {
  return (await database()).transaction(name, mode).objectStore(name);
}

export async function drawerGet<T>(name: StoreName, key: string): Promise<T | null> {
  return ((await done((await store(name, "readonly")).get(key))) as T | undefined) ?? null;
}

/** On disk when it returns (`durability: strict`): a browser that dies afterwards still has it. */
export async function drawerPut(name: StoreName, key: string, value: unknown): Promise<void> {
  const transaction = (await database()).transaction(name, "readwrite", { durability: "strict" });
  transaction.objectStore(name).put(value, key);
  await new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });
}

export async function drawerDelete(name: StoreName, keys: readonly string[]): Promise<void> {
  const place = await store(name, "readwrite");
  await Promise.all(keys.map((key) => done(place.delete(key))));
}

export async function drawerKeys(name: StoreName): Promise<readonly string[]> {
  return (await done((await store(name, "readonly")).getAllKeys())).map(String);
}

/** The key under which offline checks lie on this device: AES-GCM, made here, not extractable. */
export async function drawerKey(): Promise<CryptoKey> {
  const found = await drawerGet<CryptoKey>("kept", "key");
  if (found) return found;
  const made = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  await drawerPut("kept", "key", made);
  return made;
}
