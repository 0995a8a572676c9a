import { lazy } from "react";
import { Route, Routes } from "react-router";
import { Frame } from "./frame/Frame.tsx";
import { JunieProvider } from "./junie/JunieProvider.tsx";
import { Dashboard } from "./pages/Dashboard.tsx";
import { JunieConsole } from "./pages/JunieConsole.tsx";
import { NotFound } from "./pages/NotFound.tsx";
import { SignIn } from "./pages/SignIn.tsx";
import { Unreachable } from "./pages/Unreachable.tsx";
import { SessionProvider, useSessionDoor } from "./session/SessionProvider.tsx";
import { StreamProvider } from "./stream/StreamProvider.tsx";
import { WitnessProvider } from "./witness/WitnessProvider.tsx";

/** Not for the first paint, which is the Dashboard's. */
const Log = lazy(async () => ({ default: (await import("./pages/Log.tsx")).Log }));
const Receipt = lazy(async () => ({ default: (await import("./pages/Receipt.tsx")).Receipt }));
const Agents = lazy(async () => ({ default: (await import("./pages/Agents.tsx")).Agents }));

export function App() {
  return (
    <SessionProvider>
      <JunieProvider>
        <Gate />
      </JunieProvider>
    </SessionProvider>
  );
}

/** Signing in happens at whatever address was asked for, so that one is there afterwards. */
function Gate() {
  const { known } = useSessionDoor();
  if (known.status === "asking") return null;
  if (known.status === "unreachable") return <Unreachable error={known.error} />;
  if (known.session.principal === null) return <SignIn />;
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
            <Route path="*" element={<NotFound />} />
          </Route>
        </Routes>
      </WitnessProvider>
    </StreamProvider>
  );
}
