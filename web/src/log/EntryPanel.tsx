import { useEffect, useRef } from "react";
import { ApiError, words } from "../api/errors.ts";
import { count, seqName } from "../format/number.ts";
import type { Zone } from "../format/time.ts";
import { visible } from "../format/visible.ts";
import { useStream } from "../stream/StreamProvider.tsx";
import button from "../ui/Button.module.css";
import { ROOMY, useMedia } from "../ui/useMedia.ts";
import { Around } from "./Around.tsx";
import { EntryDetails } from "./EntryDetails.tsx";
import css from "./EntryPanel.module.css";
import { useItem } from "./useItem.ts";
import { useSteps } from "./useSteps.ts";

interface Props {
  /** As the address has it: it may be anything. */
  readonly seq: string;
  readonly zone: Zone;
  readonly newer: (() => void) | null;
  readonly older: (() => void) | null;
  readonly close: () => void;
  readonly addressOf: (seq: number) => string;
}

/** One entry beside the list it was opened from. */
export function EntryPanel({ seq, zone, newer, older, close, addressOf }: Props) {
  const heading = useRef<HTMLHeadingElement>(null);
  // Where it lies over the list, it is the page.
  const Heading = useMedia(ROOMY) ? "h2" : "h1";
  const [read, again] = useItem(seq);
  const name = /^\d{1,15}$/.test(seq) ? seqName(Number(seq)) : `“${visible(seq)}”`;
  useSteps({ newer, older, close });
  const here = useRef("");
  useEffect(() => {
    // Opened; or gone on from a link in here, which is not here any more. What has the focus elsewhere keeps it.
    if (here.current === "" || document.activeElement === document.body) heading.current?.focus({ preventScroll: true });
    here.current = seq;
  }, [seq]);
  return (
    <aside className={css.panel} aria-label={`Entry ${name}`}>
      <div className={css.bar}>
        <Heading ref={heading} tabIndex={-1} className={css.heading}>
          {name}
        </Heading>
        <button type="button" className={button.small} aria-disabled={newer === null} onClick={() => newer?.()} aria-keyshortcuts="ArrowUp">
          <span aria-hidden="true">↑</span> Newer
        </button>
        <button type="button" className={button.small} aria-disabled={older === null} onClick={() => older?.()} aria-keyshortcuts="ArrowDown">
          <span aria-hidden="true">↓</span> Older
        </button>
        <button type="button" className={button.small} onClick={close} aria-keyshortcuts="Escape">
          Close
        </button>
      </div>
      <p className="hidden" role="status">
        {read.status === "read" && `${name}, ${read.row.severity}, ${visible(read.row.source)}, ${visible(read.row.type)}${read.row.item.erased ? ", data erased" : ""}`}
      </p>
      {read.status === "reading" && <p className={css.note}>Reading the entry…</p>}
      {read.status === "failed" && <Failed name={name} error={read.error} again={again} />}
      {read.status === "read" && (
        <>
          <EntryDetails key={read.row.seq} row={read.row} text={read.text} zone={zone} again={again} />
          <Around key={read.row.seq} seq={read.row.seq} zone={zone} addressOf={addressOf} heading={Heading === "h1" ? "h2" : "h3"} />
        </>
      )}
    </aside>
  );
}

function Failed({ name, error, again }: { readonly name: string; readonly error: unknown; readonly again: () => void }) {
  const size = useStream((state) => state.size);
  if (error instanceof ApiError && error.status === 404) {
    return (
      <div className={css.failed} role="alert">
        <p>
          <b>There is no entry {name}.</b> {size > 0 ? `The record has ${count(size)}: the newest is ${seqName(size - 1)}.` : "Nothing is recorded yet."}
        </p>
      </div>
    );
  }
  const { what, next } = words(error);
  return (
    <div className={css.failed} role="alert">
      <p>
        <b>{what}</b> {next}
      </p>
      <button type="button" className={button.button} onClick={again}>
        Try again
      </button>
    </div>
  );
}
