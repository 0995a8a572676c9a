import { type FormEvent, type KeyboardEvent, type RefObject } from "react";
import { useDraft } from "../session/DraftsProvider.tsx";
import button from "../ui/Button.module.css";
import css from "./AskForm.module.css";

/** The console's own limit. */
const LONGEST_BYTES = 32 * 1024;

interface Props {
  readonly field: RefObject<HTMLTextAreaElement | null>;
  readonly onAsk: (question: string) => void;
}

export function AskForm({ field, onAsk }: Props) {
  const [question, setQuestion] = useDraft("question");
  const tooLong = new TextEncoder().encode(question).length > LONGEST_BYTES;

  function submit(event?: FormEvent) {
    event?.preventDefault();
    const trimmed = question.trim();
    if (trimmed === "" || tooLong) return field.current?.focus();
    onAsk(trimmed);
    setQuestion("");
    field.current?.focus();
  }

  function pressed(event: KeyboardEvent) {
    // Enter that ends the composition of a character is not meant for us.
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    submit();
  }

  return (
    <form className={css.form} onSubmit={submit}>
      <textarea
        ref={field}
        className={css.field}
        aria-label="Ask a question"
        placeholder="Ask about the record. Enter sends."
        rows={Math.min(6, question.split("\n").length)}
        value={question}
        aria-invalid={tooLong}
        aria-describedby="ask-note"
        onChange={(event) => setQuestion(event.target.value)}
        onKeyDown={pressed}
      />
      <button type="submit" className={button.primary}>
        Ask
      </button>
      <p id="ask-note" className={css.note} role="status">
        {tooLong && "Longer than 32 KiB: shorten it."}
      </p>
    </form>
  );
}
