import { useEffect, useRef, useState } from "react";
import { seqName } from "../format/number.ts";
import { mayOperate } from "../session/roles.ts";
import { useSession } from "../session/SessionProvider.tsx";
import type { Row } from "../stream/rows.ts";
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
  const done = useRef(false);
  const { item } = row;
  const gone = item.erased !== undefined;
  useEffect(() => {
    // The button that had the focus went with the data.
    if (gone && done.current) document.getElementById(noteId(row.seq))?.focus();
    done.current = false;
  }, [gone, row.seq]);
  const offered = operator && !gone && item.entry.data_hash !== undefined;
  return (
    <>
      {offered && (
        <button type="button" className={button.small} onClick={() => setAsking(true)}>
          Erase data…<span className="hidden"> of {seqName(row.seq)}</span>
        </button>
      )}
      {asking && (
        <EraseDialog
          row={row}
          onClose={() => setAsking(false)}
          onErased={() => {
            done.current = true;
            onErased();
          }}
        />
      )}
    </>
  );
}
