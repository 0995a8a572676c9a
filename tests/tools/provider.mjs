// An OpenID provider of others, for the tests: node-oidc-provider, which is certified. It listens on a free port of
// this machine and prints its issuer. Everybody may sign in with any e-mail address, which is verified unless it
// begins with "unverified". An address in login_hint signs in at once; else there is a form.
//
//     node provider.mjs CLIENT_ID CLIENT_SECRET REDIRECT_URI
import http from "node:http";
import Provider from "oidc-provider";

const [client_id, client_secret, redirect_uri] = process.argv.slice(2);
process.stdin.on("end", () => process.exit()).resume();

const server = http.createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id, client_secret, redirect_uris: [redirect_uri] }],
    claims: { openid: ["sub"], email: ["email", "email_verified"] },
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false } },
    cookies: { keys: ["of no worth"] },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, email) => ({
      accountId: email,
      claims: () => ({ sub: email, email, email_verified: !email.startsWith("unverified") }),
    }),
  });

  async function interact(request, response) {
    const { prompt, params, session, grantId } = await provider.interactionDetails(request, response);
    if (prompt.name === "login") {
      const body = request.method === "POST" ? new URLSearchParams(await text(request)) : new URLSearchParams();
      if (body.has("refuse")) {
        const error = { error: "access_denied", error_description: "it was refused" };
        return provider.interactionFinished(request, response, error, { mergeWithLastSubmission: false });
      }
      const accountId = body.get("email") ?? params.login_hint;
      if (accountId) return provider.interactionFinished(request, response, { login: { accountId } });
      response.setHeader("Content-Type", "text/html; charset=utf-8");
      return response.end(`<!doctype html><html lang="en"><title>Provider</title><form method="post">
        <label>E-mail <input name="email" type="email" required></label>
        <button>Sign in</button> <button name="refuse" formnovalidate>Refuse</button></form></html>`);
    }
    const grant = grantId
      ? await provider.Grant.find(grantId)
      : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    grant.addOIDCScope("openid email");
    return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true });
  }

  server.on("request", (request, response) => {
    if (!request.url.startsWith("/interaction/")) return provider.callback()(request, response);
    interact(request, response).catch((error) => {
      response.statusCode = 500;
      response.end(String(error));
    });
  });
  console.log(issuer);
});

async function text(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString();
}
