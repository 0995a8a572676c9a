import { useMemo, type ReactNode } from "react";
import { Link, useLocation } from "react-router";
import { ErasedNote } from "../entries/ErasedNote.tsx";
import { EntryJson } from "../entries/EntryJson.tsx";
import { EraseButton, noteId } from "../erase/EraseButton.tsx";
import { address, NO_FILTERS, parseFilters } from "../filters/filters.ts";
import { member, prettyJson } from "../format/json.ts";
import { seqName } from "../format/number.ts";
import { stamp, type Zone } from "../format/time.ts";
import { visible } from "../format/visible.ts";
import { Files } from "../receipt/Files.tsx";
import { ProofBox } from "../receipt/ProofBox.tsx";
import { useReceipt } from "../receipt/useReceipt.ts";
import type { Row } from "../stream/rows.ts";
import button from "../ui/Button.module.css";
import { CopyButton } from "../ui/CopyButton.tsx";
import { SeverityMark } from "../ui/SeverityMark.tsx";
import css from "./EntryPanel.module.css";

interface Props {
  readonly row: Row;
  readonly text: string;
  readonly zone: Zone;
  /** Reads it again. */
  readonly again: () => void;
}

/** What an entry says, where to go on from it, and its JSON as it was recorded. */
export function EntryDetails({ row, text, zone, again }: Props) {
  const { search } = useLocation();
  const filters = useMemo(() => parseFilters(new URLSearchParams(search)), [search]);
  const shown = useMemo(() => prettyJson(text), [text]);
  const data = useMemo(() => dataOf(text), [text]);
  const { entry } = row.item;
  const [outcome, checkAgain] = useReceipt(row.seq, text);
  const trace = entry.event.traceid;
  const here = `/log/${row.seq}`;
  return (
    <>
      {row.item.erased && <ErasedNote id={noteId(row.seq)} erased={row.item.erased} zone={zone} />}
      {data && (
        <div className={css.data}>
          <EntryJson seq={row.seq} name={data.name} text={prettyJson(data.text)} />
        </div>
      )}
      <ProofBox outcome={outcome} again={checkAgain} />
      <dl className={css.facts}>
        <Fact name="What">
          <span className={css.kind}>{row.category}</span> <SeverityMark severity={row.severity} />
        </Fact>
        <Fact name="Recorded">
          <Moment rfc={entry.recorded} zone={zone} />
        </Fact>
        {typeof entry.event.time === "string" && (
          <Fact name="Sender’s time">
            <Moment rfc={entry.event.time} zone={zone} />
          </Fact>
        )}
        <Fact name="Source">
          <bdi>{visible(row.source)}</bdi>
          <Link className={button.small} to={address(here, { ...filters, sources: [row.source] })}>
            Only this source
          </Link>
        </Fact>
        <Fact name="Type">
          <bdi>{visible(row.type)}</bdi>
          <Link className={button.small} to={address(here, { ...filters, types: [row.type] })}>
            Only this type
          </Link>
        </Fact>
        {typeof entry.event.subject === "string" && <Fact name="Subject">{<bdi>{visible(entry.event.subject)}</bdi>}</Fact>}
        {typeof trace === "string" && trace !== "" && (
          <Fact name="Trace">
            <bdi>{visible(trace)}</bdi>
            <Link className={button.small} to={address(here, { ...NO_FILTERS, traces: [trace] })}>
              All with its trace
            </Link>
          </Fact>
        )}
        <Fact name="Recorded by">
          <bdi>{visible(entry.principal)}</bdi>
        </Fact>
      </dl>
      <div className={css.actions}>
        <CopyButton text={shown} label={`JSON of ${seqName(row.seq)}`} />
        <CopyButton name="Copy link" text={`${location.origin}${here}`} label={`to ${seqName(row.seq)}`} />
        <Files seq={row.seq} outcome={outcome} />
        <Link className={button.small} to={`${here}/receipt`}>
          Receipt
        </Link>
        <EraseButton row={row} onErased={again} />
        {search !== "" && (
          <Link className={button.small} to={here}>
            In the whole log
          </Link>
        )}
      </div>
      <EntryJson seq={row.seq} text={shown} />
    </>
  );
}

/** What the event brought: what one opens an entry for. */
function dataOf(text: string): { readonly name: string; readonly text: string } | null {
  for (const [key, name] of [["data", "Data"], ["data_base64", "Data in base64"]] as const) {
    const found = member(text, key);
    if (found !== null) return { name, text: found };
  }
  return null;
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** By the clock that was chosen, and exactly as recorded. */
function Moment({ rfc, zone }: { readonly rfc: string; readonly zone: Zone }) {
  const ms = Date.parse(rfc);
  if (Number.isNaN(ms)) return <bdi>{visible(rfc)}</bdi>;
  return (
    <>
      {zone === "local" && <span>{stamp(ms, zone, Date.now())} here</span>}
      <time dateTime={rfc}>{rfc}</time>
    </>
  );
}
