import { count } from "../format/number.ts";
import { useStream } from "../stream/StreamProvider.tsx";

/** Counts the errors and criticals that nobody has seen yet where a tab in the background still shows it. */
export function PageTitle({ name }: { readonly name: string }) {
  const unseen = useStream((state) => state.unseen);
  return <title>{`${unseen > 0 ? `(${count(unseen)}) ` : ""}${name} · Governance Console`}</title>;
}
