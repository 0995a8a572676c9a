import { useCallback, useEffect, useState } from "react";
import { getItemText } from "../api/client.ts";
import { parseItem } from "../api/items.ts";
import { useStream } from "../stream/StreamProvider.tsx";
import { toRow, type Row } from "../stream/rows.ts";

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

/** One entry. Read again when the console is back, where it could not be read before. */
export function useItem(seq: string): readonly [Read, () => void] {
  const [read, setRead] = useState<Read & { readonly seq: string }>({ status: "reading", seq });
  const [tries, setTries] = useState(0);
  const live = useStream((state) => state.link.phase === "live");
  const again = useCallback(() => setTries((n) => n + 1), []);
  useEffect(() => {
    const reading = new AbortController();
    getItemText(seq, reading.signal)
      .then((text) => setRead({ status: "read", row: parsed(text), text, seq }))
      .catch((error: unknown) => {
        if (!reading.signal.aborted) setRead({ status: "failed", error, seq });
      });
    return () => reading.abort();
  }, [seq, tries]);
  useEffect(() => {
    if (live && read.status === "failed") again();
  }, [live]);
  return [read.seq === seq ? read : { status: "reading" }, again];
}
