import type { ReactNode } from "react";
import { Link } from "react-router";
import { ErasedNote } from "../entries/ErasedNote.tsx";
import { EraseButton, noteId } from "../erase/EraseButton.tsx";
import { seqName } from "../format/number.ts";
import { stamp } from "../format/time.ts";
import { visible } from "../format/visible.ts";
import { PageTitle } from "../frame/PageTitle.tsx";
import type { Row } from "../stream/rows.ts";
import button from "../ui/Button.module.css";
import { CopyButton } from "../ui/CopyButton.tsx";
import { SeverityMark } from "../ui/SeverityMark.tsx";
import { keyName } from "../witness/verdict.ts";
import type { Proof } from "./check.ts";
import { commands } from "./commands.ts";
import { Files } from "./Files.tsx";
import { ProofBox } from "./ProofBox.tsx";
import css from "./ReceiptSheet.module.css";
import { useReceipt } from "./useReceipt.ts";
import { fileName, hex, ofEntries } from "./words.ts";

/** More of the data than this does not belong on paper. */
const MOST_SHOWN = 4000;

interface Props {
  readonly row: Row;
  /** The item as the console sent it. */
  readonly text: string;
  /** Reads it again. */
  readonly again: () => void;
}

export function ReceiptSheet({ row, text, again }: Props) {
  const [outcome, checkAgain] = useReceipt(row.seq, text);
  const { entry, erased } = row.item;
  const proof = outcome.status === "proved" ? outcome.proof : null;
  return (
    <article className={css.sheet} aria-labelledby="receipt">
      <PageTitle name={`Receipt for ${seqName(row.seq)}`} />
      <h1 id="receipt">Receipt for entry {seqName(row.seq)}</h1>
      <p className={css.note}>
        {location.host}
        {proof && ` · checked ${new Date(proof.at).toISOString().slice(0, 19).replace("T", " ")} UTC`}
      </p>
      <ProofBox outcome={outcome} again={checkAgain} />
      <div className={css.actions}>
        <button type="button" className={button.small} onClick={() => window.print()}>
          Print
        </button>
        <Files seq={row.seq} outcome={outcome} />
        <Link className={button.small} to={`/log/${row.seq}`}>
          In the log
        </Link>
        <EraseButton row={row} onErased={again} />
      </div>
      <dl className={css.facts}>
        <Fact name="What">
          {row.category} · {visible(row.type)} <SeverityMark severity={row.severity} />
        </Fact>
        <Fact name="Source">{visible(row.source)}</Fact>
        <Fact name="Recorded by">{visible(entry.principal)}</Fact>
        <Fact name="Recorded">{visible(entry.recorded)}</Fact>
        {typeof entry.event.time === "string" && <Fact name="Sender’s time">{visible(entry.event.time)}</Fact>}
        {proof && (
          <>
            <Fact name="Leaf">{hex(proof.leaf)}</Fact>
            <Fact name="Root">
              {proof.root} of {ofEntries(proof.size)}
            </Fact>
            <Fact name="Signed by">{keyName(proof.key)}</Fact>
            <Fact name="Key known here">since {stamp(proof.since, "utc", proof.at)} UTC</Fact>
          </>
        )}
      </dl>
      {erased && <ErasedNote id={noteId(row.seq)} erased={erased} zone="utc" />}
      <Text name={erased ? "As it is recorded, without its data" : "As it was recorded"} text={text} />
      {proof && <Text name="The proof" text={proof.file} />}
      {proof && <ByHand seq={row.seq} proof={proof} />}
    </article>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <bdi>{children}</bdi>
      </dd>
    </div>
  );
}

function Text({ name, text }: { readonly name: string; readonly text: string }) {
  const shown = text.slice(0, MOST_SHOWN).split("\n").map(visible).join("\n");
  return (
    <section>
      <h2>{name}</h2>
      <pre className={`foreign ${css.text}`} tabIndex={0} role="region" aria-label={name}>
        {shown}
        {text.length > MOST_SHOWN && "\n… and more than belongs on paper"}
      </pre>
    </section>
  );
}

function ByHand({ seq, proof }: { readonly seq: number; readonly proof: Proof }) {
  const lines = commands(fileName(seq, "json"), { index: seq, size: proof.size, path: proof.path }, proof.root);
  return (
    <section>
      <h2>Check it with nothing of ours</h2>
      <p className={css.note}>In bash, beside the entry file. The root is the one under the signature, in the proof.</p>
      <pre className={css.text} tabIndex={0} role="region" aria-label="Commands">
        {lines}
      </pre>
      <CopyButton text={lines} label="commands" />
    </section>
  );
}
