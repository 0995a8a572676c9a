import { Component, type ReactNode } from "react";
import button from "../ui/Button.module.css";
import css from "./ErrorBoundary.module.css";

interface Props {
  readonly children: ReactNode;
  /** Nothing else of the page is left, its landmarks included. */
  readonly outermost?: boolean;
}

/** A fault in one page leaves the frame standing where it is placed inside it. */
export class ErrorBoundary extends Component<Props, { readonly error: unknown }> {
  override state: { readonly error: unknown } = { error: null };

  static getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error: error ?? new Error("unknown") };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === null) return this.props.children;
    const fault = (
      <section className={css.fault} role="alert">
        <h1>This page failed</h1>
        <p>The record is not affected: what agents do is still recorded. Reload to go on from its history.</p>
        <p>
          <button type="button" className={button.primary} onClick={() => location.reload()}>
            Reload
          </button>
        </p>
        <details>
          <summary>What failed</summary>
          <pre>{error instanceof Error ? `${error.name}: ${error.message}\n${error.stack ?? ""}` : String(error)}</pre>
        </details>
      </section>
    );
    return this.props.outermost ? <main>{fault}</main> : fault;
  }
}
