import { entryAddress, proofAddress } from "../api/log.ts";
import button from "../ui/Button.module.css";
import type { Outcome } from "./check.ts";
import { fileName } from "./words.ts";

const WITHOUT: readonly Outcome["status"][] = ["not signed", "signing refused", "checking"];

/** The entry and its proof, to be checked elsewhere. There is no proof before the entry is signed. */
export function Files({ seq, outcome }: { readonly seq: number; readonly outcome: Outcome }) {
  return (
    <>
      <a className={button.small} href={entryAddress(seq)} download={fileName(seq, "json")} title="Its exact bytes, as they are hashed">
        Entry file
      </a>
      {!WITHOUT.includes(outcome.status) && (
        <a className={button.small} href={proofAddress(seq)} download={fileName(seq, "tlog-proof")} title="Where it is in the signed tree (c2sp.org/tlog-proof)">
          Proof file
        </a>
      )}
    </>
  );
}
