import { words } from "../api/errors.ts";
import { useSessionDoor } from "../session/SessionProvider.tsx";
import button from "../ui/Button.module.css";
import css from "./Plain.module.css";

/** The page is here but the console is not: it stopped between the two requests, or something stands between. */
export function Unreachable({ error }: { readonly error: unknown }) {
  const { check } = useSessionDoor();
  const { what, next } = words(error);
  return (
    <main className={css.plain}>
      <title>No answer · Governance Console</title>
      <h1>{what}</h1>
      <p>
        {next} Trying again every few seconds: <b>{location.host}</b>
      </p>
      <p>
        <button type="button" className={button.button} onClick={check}>
          Retry now
        </button>
      </p>
    </main>
  );
}
