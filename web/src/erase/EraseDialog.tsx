import { useRef, useState, type FormEvent } from "react";
import { eraseData } from "../api/client.ts";
import { seqName } from "../format/number.ts";
import { visible } from "../format/visible.ts";
import { useDraft } from "../session/DraftsProvider.tsx";
import { useSession } from "../session/SessionProvider.tsx";
import type { Row } from "../stream/rows.ts";
import button from "../ui/Button.module.css";
import dialog from "../ui/Dialog.module.css";
import { Dialog } from "../ui/Dialog.tsx";
import css from "./EraseDialog.module.css";
import { sayNotErased } from "./words.ts";

/** The console's own limit. */
const LONGEST_REASON = 1000;

interface Props {
  readonly row: Row;
  readonly onClose: () => void;
  /** `overwritten`: nothing of it is left in the record's files either. */
  readonly onErased: (overwritten: boolean) => void;
}

/** What goes, what stays, and why: an erasure cannot be taken back, and neither can its reason. */
export function EraseDialog({ row, onClose, onErased }: Props) {
  const session = useSession();
  const field = useRef<HTMLInputElement>(null);
  const [reason, setReason] = useDraft(`erase ${row.seq}`);
  const [pending, setPending] = useState(false);
  const [failed, setFailed] = useState<string | null>(null);

  async function submit(event: FormEvent, close: () => void) {
    event.preventDefault();
    if (pending) return;
    const trimmed = reason.trim();
    if (trimmed === "") {
      setFailed("Say why: the record keeps the reason.");
      field.current?.focus();
      return;
    }
    setPending(true);
    setFailed(null);
    try {
      const overwritten = await eraseData(row.seq, trimmed);
      setReason("");
      onErased(overwritten);
      close();
    } catch (error) {
      setFailed(sayNotErased(error, session));
      setPending(false);
      field.current?.focus();
    }
  }

  return (
    <Dialog title={`Erase the data of ${seqName(row.seq)}?`} onClose={onClose} busy={pending}>
      {(close) => (
        <form className={dialog.body} onSubmit={(event) => void submit(event, close)} noValidate>
          <dl className={css.terms}>
            <dt>Goes, for good</dt>
            <dd>
              The data that <bdi>{visible(row.source)}</bdi> sent with it. This cannot be undone. Copies outside the console, in backups and exports, are not reached.
            </dd>
            <dt>Stays</dt>
            <dd>The entry: who sent what kind of event, and when. It can still be proved. A new entry says who erased the data, and why.</dd>
          </dl>
          <label className={css.label} htmlFor="erase-reason">
            Reason
          </label>
          <input
            ref={field}
            id="erase-reason"
            type="text"
            data-first
            className={css.field}
            required
            maxLength={LONGEST_REASON}
            autoComplete="off"
            value={reason}
            onChange={(event) => setReason(event.target.value)}
            aria-invalid={failed !== null}
            aria-describedby="erase-note"
          />
          <div id="erase-note" className={css.note}>
            {failed === null && <p>Recorded for good: do not repeat in it what is to be erased.</p>}
            <p className={css.failed} role="alert">
              {failed}
            </p>
          </div>
          <div className={dialog.choices}>
            <button type="submit" className={button.danger} aria-disabled={pending}>
              {pending ? "Erasing…" : "Erase data"}
            </button>
            <button type="button" className={button.button} disabled={pending} onClick={close}>
              Cancel
            </button>
          </div>
        </form>
      )}
    </Dialog>
  );
}
