import { useEffect, useRef } from "react";
import { prettyJson } from "../format/json.ts";
import { elapsed } from "../format/time.ts";
import { visible, visibleLines } from "../format/visible.ts";
import button from "../ui/Button.module.css";
import { CopyButton } from "../ui/CopyButton.tsx";
import { useNow } from "../ui/useNow.ts";
import type { Turn } from "./transcript.ts";
import css from "./TurnView.module.css";

/** One question and what came of it. */
export function TurnView({ turn, onSendAgain }: { readonly turn: Turn; readonly onSendAgain: (turn: Turn) => void }) {
  return (
    <article className={css.turn}>
      <h2 className={css.question}>{visibleLines(turn.question)}</h2>
      {turn.status === "pending" && <Pending since={turn.askedAt} />}
      {turn.status === "answered" && (
        <>
          <p className={css.cost}>{elapsed(turn.tookMs)}</p>
          <p className={css.answer}>{visibleLines(turn.response)}</p>
          <JsonResponse raw={turn.raw} />
        </>
      )}
      {turn.status === "failed" && (
        <div className={css.failed} role="alert">
          <p>
            <strong>{turn.words.what}</strong> {turn.words.next}
          </p>
          {(turn.words.said || turn.words.requestId) && (
            <p className={css.said}>
              {visible(turn.words.said)}
              {turn.words.requestId && ` · request ${visible(turn.words.requestId)}`}
            </p>
          )}
          <button type="button" className={button.button} onClick={() => onSendAgain(turn)}>
            Send again
          </button>
        </div>
      )}
    </article>
  );
}

function Pending({ since }: { readonly since: number }) {
  const now = useNow(100);
  return <p className={css.cost}>asking · {elapsed(Math.max(0, now - since))}</p>;
}

function JsonResponse({ raw }: { readonly raw: string }) {
  const details = useRef<HTMLDetailsElement>(null);
  // Open to begin with, and then as the reader leaves it: React would open it again with every render.
  useEffect(() => {
    if (details.current) details.current.open = true;
  }, []);
  const shown = prettyJson(raw);
  return (
    <details ref={details} className={css.json}>
      <summary>JSON response</summary>
      <div className={css.raw}>
        <pre className="foreign">{shown}</pre>
        <CopyButton text={shown} label="the JSON response" />
      </div>
    </details>
  );
}
