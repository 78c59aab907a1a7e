// Signers for Node.js on the same work. The modes: "opentok-t1" and "opentok-jwt" are the
// official SDK; "fast-jwt" and "node-rs" (the crate jsonwebtoken, in Rust) sign the claims
// of an OpenTok token by HS256.
import { createInterface } from "node:readline";

const env = process.env;
const life = Number(env.WORK_EXPIRATION);
const now = () => Math.floor(Date.now() / 1000);

async function opentok(t1) {
  const { default: OpenTok } = await import("opentok");
  const sdk = new OpenTok(env.TOKBOX_API_KEY, env.TOKBOX_SECRET);
  return () => {
    const options = {
      role: env.WORK_ROLE,
      expireTime: now() + life,
      data: env.WORK_CONNECTION_DATA,
    };
    return sdk.generateToken(env.WORK_SESSION_ID, options, t1);
  };
}

function claims() {
  const iat = now();
  return {
    iss: env.TOKBOX_API_KEY,
    ist: "project",
    iat,
    exp: iat + life,
    nonce: Math.floor(Math.random() * 1e6),
    session_id: env.WORK_SESSION_ID,
    role: env.WORK_ROLE,
    scope: "session.connect",
    connection_data: env.WORK_CONNECTION_DATA,
  };
}

const signers = {
  "opentok-t1": () => opentok(true),
  "opentok-jwt": () => opentok(false),
  "fast-jwt": async () => {
    const { createSigner } = await import("fast-jwt");
    const sign = createSigner({ key: env.TOKBOX_SECRET, algorithm: "HS256" });
    return () => sign(claims());
  },
  "node-rs": async () => {
    const { signSync } = await import("@node-rs/jsonwebtoken");
    return () => signSync(claims(), env.TOKBOX_SECRET, { algorithm: "HS256" });
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const [count, mode] = line.split(" ");
  const n = Number(count);
  const sign = await signers[mode]();
  if (n === 0) {
    console.log(sign());
    continue;
  }
  const tokens = new Array(n);
  const start = process.hrtime.bigint();
  for (let i = 0; i < n; i++) tokens[i] = sign();
  console.log(String(process.hrtime.bigint() - start));
}
