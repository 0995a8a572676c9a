import { expect, test } from "vitest";
import { ApiError, parseProblem, words } from "./errors.ts";

const answer = (status: number, body: string) => parseProblem(new Response(body, { status, statusText: "Text" }));

test("a problem document is told with what the console said", async () => {
  const problem = await answer(422, JSON.stringify({ title: "Unprocessable", status: 422, detail: "no query", errors: [{ pointer: "/query", detail: "is missing" }], request_id: "r1" }));
  expect(words(new ApiError("refused", problem))).toEqual({
    what: "The console did not accept it.", next: "Change it and send again.", said: "no query · /query is missing", requestId: "r1",
  });
});

test("who may not is told who they are and what they lack, where the console says so", async () => {
  const detail = "viewer:bob is a viewer, who may read, watch and ask; this is for operators";
  expect(words(new ApiError("refused", await answer(403, JSON.stringify({ detail }))))).toMatchObject({ what: `You may not do this: ${detail}.`, said: "" });
  expect(words(new ApiError("refused", await answer(403, "<html>"))).what).toBe("You may not do this.");
});

test("an answer that is no problem document is told by its status", async () => {
  expect(words(new ApiError("refused", await answer(502, "<html>")))).toMatchObject({ what: "The console failed (502).", said: "" });
});

test("no answer, a late one and a strange one are told apart", () => {
  const said = (["unreachable", "timeout", "unreadable"] as const).map((failure) => words(new ApiError(failure, null)).what);
  expect(new Set(said).size).toBe(3);
});
