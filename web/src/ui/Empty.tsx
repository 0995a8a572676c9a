import { Fragment } from "react";
import { useSession } from "../session/SessionProvider.tsx";
import { CopyButton } from "./CopyButton.tsx";
import css from "./Notices.module.css";

/** The first event is one line away. Gone with it. `started`: the console has recorded what it did itself. */
export function Empty({ started = false }: { readonly started?: boolean }) {
  const { signin } = useSession();
  const token = signin.includes("token") ? "$OPERATOR_TOKEN" : "$AGENT_TOKEN";
  const parts = [
    "curl",
    ...(signin.length > 0 ? [`-H "Authorization: Bearer ${token}"`] : []),
    "-H 'Content-Type: application/json'",
    `-d '{"source":"planner-7","type":"agent.tool.call","data":{"tool":"http.get"}}'`,
    `${location.origin}/api/events`,
  ];
  const command = parts.join(" ");
  return (
    <div className={css.notice}>
      <p>Nothing is recorded yet{started && " but what the console itself did"}. This makes the first event appear here:</p>
      <div className={css.command}>
        <pre tabIndex={0} role="region" aria-label="Command">
          {/* One line; where it has to be broken, between arguments. */}
          {parts.map((part) => (
            <Fragment key={part}>
              <span>{part}</span>{" "}
            </Fragment>
          ))}
        </pre>
        <CopyButton text={command} label="the command" />
      </div>
    </div>
  );
}
