import { Link } from "react-router";
import { PageTitle } from "../frame/PageTitle.tsx";
import css from "./Plain.module.css";

export function NotFound() {
  return (
    <section className={css.plain}>
      <PageTitle name="Not found" />
      <h1>There is no such page</h1>
      <p>
        Go to the <Link to="/">live messages</Link> or <Link to="/junie">ask a question</Link>.
      </p>
    </section>
  );
}
