import { useEffect, useState } from "react";
import { seqName } from "../format/number.ts";
import { mayOperate } from "../session/roles.ts";
import { useSession } from "../session/SessionProvider.tsx";
import { hasErasable, type Row } from "../stream/rows.ts";
import button from "../ui/Button.module.css";
import { EraseDialog } from "./EraseDialog.tsx";

/** Where an entry says that its data is gone. */
export const noteId = (seq: number): string => `erased-${seq}`;

interface Props {
  readonly row: Row;
  /** Reads the entry again. */
  readonly onErased: () => void;
}

/** Offers an operator to erase an entry's data, where there is any. */
export function EraseButton({ row, onErased }: Props) {
  const operator = mayOperate(useSession());
  const [asking, setAsking] = useState(false);
  const [left, setLeft] = useState(false);
  const [done, setDone] = useState(false);
  const gone = row.item.erased !== undefined;
  useEffect(() => {
    // The button that had the focus went with the data: the stream may have told so before the answer came, or after.
    if (gone && done) document.getElementById(noteId(row.seq))?.focus();
  }, [gone, done, row.seq]);
  return (
    <>
      {operator && hasErasable(row) && (
        <button type="button" className={button.small} onClick={() => setAsking(true)}>
          Erase data…<span className="hidden"> of {seqName(row.seq)}</span>
        </button>
      )}
      {left && <p role="status">Erased. Somebody is still reading the record as it was before: its bytes are overwritten as soon as they are done.</p>}
      {asking && (
        <EraseDialog
          row={row}
          onClose={() => setAsking(false)}
          onErased={(overwritten) => {
            setDone(true);
            setLeft(!overwritten);
            onErased();
          }}
        />
      )}
    </>
  );
}
