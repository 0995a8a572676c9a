/** What lies in this tab while its person is on the way to the provider and back: theirs alone, and nobody else gets it. */
export interface Kept {
  readonly owner: string;
  readonly value: unknown;
}

/** Null where nothing was kept, or it is somebody else's. Never throws: storage may be forbidden. */
export function readKept(storage: Storage | null, name: string, owner: string | null): unknown {
  try {
    const kept: unknown = JSON.parse(storage?.getItem(name) ?? "null");
    if (typeof kept !== "object" || kept === null || !("owner" in kept) || !("value" in kept)) return null;
    return owner !== null && kept.owner === owner ? kept.value : null;
  } catch {
    return null;
  }
}

/** Does nothing where there is no room for it, or none is given. */
export function writeKept(storage: Storage | null, name: string, kept: Kept | null): void {
  try {
    if (kept === null) storage?.removeItem(name);
    else storage?.setItem(name, JSON.stringify(kept));
  } catch {
    // What was typed then lasts as long as this page.
  }
}

/** This tab's own storage; null where the browser forbids it. */
export function tabStorage(): Storage | null {
  try {
    return sessionStorage;
  } catch {
    return null;
  }
}
