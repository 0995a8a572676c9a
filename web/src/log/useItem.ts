import { useCallback, useEffect, useMemo, useState } from "react";
import { getItemText } from "../api/client.ts";
import { parseItem } from "../api/items.ts";
import type { Erased } from "../api/types.ts";
import { withoutData } from "../entries/erased.ts";
import { useStream } from "../stream/StreamProvider.tsx";
import { hasErasable, toRow, type Row } from "../stream/rows.ts";
import { useErasedAt } from "../stream/useErasures.ts";

export type Read =
  | { readonly status: "reading" }
  | { readonly status: "failed"; readonly error: unknown }
  /** `text` is the item as the console sent it: what is copied and shown is made from that, never from the parsed one. */
  | { readonly status: "read"; readonly row: Row; readonly text: string };

function parsed(text: string): Row {
  const item = parseItem(JSON.parse(text));
  if (item === null) throw new Error("not an item");
  return toRow(item);
}

/** Of what this page knew to be erased when it was asked for. */
interface Asked {
  readonly seq: string;
  readonly known: Erased | null;
}

/** One entry. Read again when the console is back, where it could not be read before, and when its data is erased. */
export function useItem(seq: string): readonly [Read, () => void] {
  const erased = useErasedAt(/^\d{1,15}$/.test(seq) ? Number(seq) : -1);
  const [read, setRead] = useState<Read & Asked>({ status: "reading", seq, known: null });
  const [tries, setTries] = useState(0);
  const live = useStream((state) => state.link.phase === "live");
  const again = useCallback(() => setTries((n) => n + 1), []);
  useEffect(() => {
    const reading = new AbortController();
    getItemText(seq, reading.signal)
      .then((text) => setRead({ status: "read", row: parsed(text), text, seq, known: erased }))
      .catch((error: unknown) => {
        if (reading.signal.aborted) return;
        // What is known of it without the console does.
        setRead((was) => (erased !== null && was.status === "read" && was.seq === seq ? was : { status: "failed", error, seq, known: erased }));
      });
    return () => reading.abort();
  }, [seq, tries, erased]);
  useEffect(() => {
    if (live && read.status === "failed") again();
  }, [live]);
  const shown = useMemo((): Read => {
    if (read.seq !== seq) return { status: "reading" };
    if (read.status !== "read" || read.known === erased || erased === null || !hasErasable(read.row)) return read;
    // Erased since it was read: until it is read again, this is what it has to say.
    const text = withoutData(read.text, erased);
    return { status: "read", row: parsed(text), text };
  }, [read, seq, erased]);
  return [shown, again];
}
