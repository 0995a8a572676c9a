import { exportAddress } from "../api/client.ts";
import { isActive, type Filters } from "../filters/filters.ts";
import button from "../ui/Button.module.css";

/** A file name that every system takes, and that tells where it is from. */
const NAME = `${location.host.replace(/[^\w.-]/g, "-")}-events.ndjson`;

/** A plain link: the browser writes it to disk as it comes, however much it is. */
export function ExportLink({ filters }: { readonly filters: Filters }) {
  return (
    <a
      className={button.button}
      href={exportAddress(filters)}
      download={NAME}
      title={`${isActive(filters) ? "All that matches" : "The whole record"}, oldest first, one JSON object a line`}
    >
      Export
    </a>
  );
}
