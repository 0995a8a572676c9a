import { lazy } from "react";
import { Navigate, Route, Routes, useSearchParams } from "react-router";
import { Frame } from "./frame/Frame.tsx";
import { JunieProvider } from "./junie/JunieProvider.tsx";
import { Dashboard } from "./pages/Dashboard.tsx";
import { JunieConsole } from "./pages/JunieConsole.tsx";
import { NotFound } from "./pages/NotFound.tsx";
import { Refused } from "./pages/Refused.tsx";
import { SignIn } from "./pages/SignIn.tsx";
import { Unreachable } from "./pages/Unreachable.tsx";
import { DraftsProvider } from "./session/DraftsProvider.tsx";
import { Owned } from "./session/Owned.tsx";
import { SessionProvider, useSessionDoor } from "./session/SessionProvider.tsx";
import { mayRead } from "./session/roles.ts";
import { safeNext } from "./session/ways.ts";
import { StreamProvider } from "./stream/StreamProvider.tsx";
import { WitnessProvider } from "./witness/WitnessProvider.tsx";

/** Not for the first paint, which is the Dashboard's. */
const Log = lazy(async () => ({ default: (await import("./pages/Log.tsx")).Log }));
const Receipt = lazy(async () => ({ default: (await import("./pages/Receipt.tsx")).Receipt }));
const Agents = lazy(async () => ({ default: (await import("./pages/Agents.tsx")).Agents }));
const Sessions = lazy(async () => ({ default: (await import("./pages/Sessions.tsx")).Sessions }));

export function App() {
  return (
    <SessionProvider>
      <Owned>
        <DraftsProvider>
          <JunieProvider>
            <Gate />
          </JunieProvider>
        </DraftsProvider>
      </Owned>
    </SessionProvider>
  );
}

/** Signing in happens at whatever address was asked for, so that one is there afterwards. */
function Gate() {
  const { known } = useSessionDoor();
  if (known.status === "asking") return null;
  if (known.status === "unreachable") return <Unreachable error={known.error} />;
  if (known.session.principal === null) return <SignIn />;
  if (!mayRead(known.session)) return <Refused />;
  return (
    <StreamProvider>
      <WitnessProvider>
        <Routes>
          <Route element={<Frame />}>
            <Route index element={<Dashboard />} />
            <Route path="junie" element={<JunieConsole />} />
            <Route path="log/:seq?" element={<Log />} />
            <Route path="log/:seq/receipt" element={<Receipt />} />
            <Route path="agents" element={<Agents />} />
            <Route path="sessions" element={<Sessions />} />
            <Route path="sign-in" element={<Onward />} />
            <Route path="*" element={<NotFound />} />
          </Route>
        </Routes>
      </WitnessProvider>
    </StreamProvider>
  );
}

/** Signed in at the page that only signs in: on to where one was going. */
function Onward() {
  const [query] = useSearchParams();
  return <Navigate to={safeNext(query.get("next"))} replace />;
}
