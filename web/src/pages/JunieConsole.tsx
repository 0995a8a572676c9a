import { useEffect, useRef } from "react";
import { PageTitle } from "../frame/PageTitle.tsx";
import { AskForm } from "../junie/AskForm.tsx";
import { useJunie } from "../junie/JunieProvider.tsx";
import { TurnView } from "../junie/TurnView.tsx";
import button from "../ui/Button.module.css";
import css from "./JunieConsole.module.css";

const WORTH_ASKING = [
  "Which agents failed in the last hour, and why?",
  "What was denied by policy today?",
  "What happened just before the last error?",
] as const;

export function JunieConsole() {
  const { turns, ask, sendAgain } = useJunie();
  const field = useRef<HTMLTextAreaElement>(null);
  const end = useRef<HTMLDivElement>(null);
  const last = turns.at(-1);

  // The newest is at the bottom: keep it in view when it is asked and when it is answered.
  // (In braces: newer browsers return a promise from scrolling, which is no cleanup.)
  useEffect(() => {
    end.current?.scrollIntoView({ block: "end" });
  }, [last?.id, last?.status]);
  useEffect(() => {
    field.current?.focus();
  }, []);

  return (
    <div className={css.page}>
      <PageTitle name="Junie Console" />
      <div className={css.scroller} tabIndex={-1}>
        <div className={css.column}>
          <h1>Junie Console</h1>
          {turns.length === 0 && (
            <div className={css.empty}>
              <p>Ask about what is recorded. Worth asking:</p>
              <ul>
                {WORTH_ASKING.map((question) => (
                  <li key={question}>
                    <button
                      type="button"
                      className={button.button}
                      onClick={() => {
                        ask(question);
                        field.current?.focus();
                      }}
                    >
                      {question}
                    </button>
                  </li>
                ))}
              </ul>
            </div>
          )}
          <div role="log" aria-label="Transcript">
            {turns.map((turn) => (
              <TurnView key={turn.id} turn={turn} onSendAgain={sendAgain} />
            ))}
          </div>
          <div ref={end} />
        </div>
      </div>
      <div className={css.below}>
        <div className={css.column}>
          <AskForm field={field} onAsk={ask} />
        </div>
      </div>
    </div>
  );
}
