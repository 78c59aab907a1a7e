// The official SDK for Node, told by lines of JSON what to do. A line names credentials,
// a method with its arguments, and who has that method; the answer is a line that holds
// what came of it, or the kind and the words of the error.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

// The SDK is installed where this process was started, not where this file is.
const require = createRequire(`${process.cwd()}/`);
const OpenTok = require("opentok");
// Its own copies of what it depends on.
const within = createRequire(require.resolve("opentok"));
const libraries = {
  jsonwebtoken: within("jsonwebtoken"),
  "opentok-token": within("opentok-token/helpers"),
};

function kind(error) {
  const known = Object.keys(OpenTok).find((name) => error instanceof OpenTok[name]);
  return known ?? error.constructor.name;
}

// Whatever calls back does so with an error or null, and then with what it found.
function calledBack(sdk, method, args) {
  return new Promise((resolve, reject) => {
    sdk[method](...args, (error, ...found) => (error ? reject(error) : resolve(found)));
  });
}

async function carryOut({ of, credentials, method, args }) {
  if (of in libraries) return libraries[of][method](...args);
  const sdk = new OpenTok(...credentials);
  return of === "returns" ? sdk[method](...args) : calledBack(sdk, method, args);
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = { found: await carryOut(JSON.parse(line)) };
  } catch (error) {
    answer = { kind: kind(error), message: error.message };
  }
  // A session refers to the whole SDK, its secret included.
  console.log(JSON.stringify(answer, (name, value) => (name === "ot" ? undefined : value)));
}
