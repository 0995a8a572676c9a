import { useEffect, useState } from "react";

/** Since when (ms) the browser says that there is no network, 0 for since before; null: it says there is one. */
export function useOffline(): number | null {
  const [since, setSince] = useState<number | null>(() => (navigator.onLine ? null : 0));
  useEffect(() => {
    const lost = () => setSince(Date.now());
    const found = () => setSince(null);
    window.addEventListener("offline", lost);
    window.addEventListener("online", found);
    return () => {
      window.removeEventListener("offline", lost);
      window.removeEventListener("online", found);
    };
  }, []);
  return since;
}
