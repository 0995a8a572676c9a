import { useParams } from "react-router";
import { ApiError, words } from "../api/errors.ts";
import { seqName } from "../format/number.ts";
import { visible } from "../format/visible.ts";
import { PageTitle } from "../frame/PageTitle.tsx";
import { useItem } from "../log/useItem.ts";
import { ReceiptSheet } from "../receipt/ReceiptSheet.tsx";
import button from "../ui/Button.module.css";
import css from "./Plain.module.css";

/** One entry and its proof, as a page of its own. */
export function Receipt() {
  const { seq = "" } = useParams();
  const [read, again] = useItem(seq);
  const name = /^\d{1,15}$/.test(seq) ? seqName(Number(seq)) : `“${visible(seq)}”`;
  if (read.status === "read") return <ReceiptSheet key={read.row.seq} row={read.row} text={read.text} again={again} />;
  return (
    <div className={css.plain}>
      <PageTitle name={`Receipt for ${name}`} />
      <h1>Receipt for entry {name}</h1>
      {read.status === "reading" && <p>Reading the entry…</p>}
      {read.status === "failed" && (
        <div role="alert">
          {read.error instanceof ApiError && read.error.status === 404 ? (
            <p>There is no such entry.</p>
          ) : (
            <>
              <p>
                {words(read.error).what} {words(read.error).next}
              </p>
              <button type="button" className={button.button} onClick={again}>
                Try again
              </button>
            </>
          )}
        </div>
      )}
    </div>
  );
}
