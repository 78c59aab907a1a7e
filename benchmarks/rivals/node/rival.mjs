// The official SDK for Node on the same work; mode "t1" or "jwt".
import { createInterface } from "node:readline";
import OpenTok from "opentok";

const env = process.env;
const opentok = new OpenTok(env.WORK_API_KEY, env.WORK_SECRET);
const life = Number(env.WORK_EXPIRATION);

function token(t1) {
  const options = {
    role: env.WORK_ROLE,
    expireTime: Math.floor(Date.now() / 1000) + life,
    data: env.WORK_CONNECTION_DATA,
  };
  return opentok.generateToken(env.WORK_SESSION_ID, options, t1);
}

for await (const line of createInterface({ input: process.stdin })) {
  const [count, mode] = line.split(" ");
  const n = Number(count);
  const t1 = mode === "t1";
  const tokens = new Array(n);
  const start = process.hrtime.bigint();
  for (let i = 0; i < n; i++) tokens[i] = token(t1);
  const took = process.hrtime.bigint() - start;
  if (!tokens[n - 1].startsWith(t1 ? "T1==" : "eyJ")) throw new Error("not such a token");
  console.log(String(took));
}
