import { useStream } from "../stream/StreamProvider.tsx";
import css from "../ui/Notices.module.css";

/** Before the first page of history is here. */
export function Reading() {
  const waiting = useStream((state) => state.link.phase === "waiting");
  return (
    <div className={css.notice}>
      <p>{waiting ? "The record could not be read yet. It is tried again; the line above says when." : "Reading the record…"}</p>
    </div>
  );
}
