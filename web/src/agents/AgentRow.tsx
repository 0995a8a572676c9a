import { memo } from "react";
import { Link } from "react-router";
import type { Source } from "../api/types.ts";
import { address, NO_FILTERS } from "../filters/filters.ts";
import { count, seqName } from "../format/number.ts";
import { roughly } from "../format/time.ts";
import { visible } from "../format/visible.ts";
import { cx } from "../ui/cx.ts";
import { SeverityMark } from "../ui/SeverityMark.tsx";
import css from "./AgentsTable.module.css";
import { logOf, sayRhythm } from "./order.ts";

const HOUR_MS = 3_600_000;

interface Props {
  readonly source: Source;
  /** The console's clock when it told this, in ms. */
  readonly told: number;
}

export const AgentRow = memo(function AgentRow({ source, told }: Props) {
  const { entry, hour, quiet } = source;
  const name = visible(source.source) || "(empty)";
  const type = typeof entry.event.type === "string" ? visible(entry.event.type) : "";
  const silentMs = source.silentSec * 1000;
  const lately = { ...NO_FILTERS, sources: source.source === "" ? [] : [source.source], since: new Date(told - HOUR_MS).toISOString() };
  return (
    <tr className={cx(css.row, quiet && css.quiet)}>
      <th scope="row" className={css.source}>
        <Link to={logOf(source.source)} title={name}>
          <bdi>{name}</bdi>
        </Link>
      </th>
      <td className={css.rhythm}>
        {quiet && (
          <svg viewBox="0 0 10 10" width="10" height="10" fill="currentColor" aria-hidden="true">
            <path d="M5 0.75 9.75 9.25H0.25Z" />
          </svg>
        )}
        {sayRhythm(source, silentMs)}
      </td>
      <td className={css.last}>
        <SeverityMark severity={entry.severity} wordless />
        <span className={css.type} title={type}>
          {type}
        </span>
        <Link to={`/log/${entry.seq}`}>{seqName(entry.seq)}</Link>
      </td>
      <td className={css.when}>
        <time dateTime={entry.recorded} title={entry.recorded}>
          {silentMs < 1000 ? "now" : `${roughly(silentMs)} ago`}
        </time>
      </td>
      <td className={css.n}>
        <span className={css.label}>last hour </span>
        {hour.events === 0 ? 0 : <Link to={address("/log", lately)}>{count(hour.events)}</Link>}
      </td>
      <td className={cx(css.n, hour.errors > 0 && css.errors)}>
        <span className={css.label}>errors </span>
        {hour.errors === 0 ? 0 : <Link to={address("/log", { ...lately, severity: "error" })}>{count(hour.errors)}</Link>}
      </td>
      <td className={css.n}>
        <span className={css.label}>ever </span>
        {count(source.events)}
      </td>
    </tr>
  );
});
