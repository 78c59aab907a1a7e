// The official Vonage SDK for Node. Each line of input is a request as JSON: credentials, a
// method and its arguments. Each line of output is the result, or the class, message and
// HTTP status of the error.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

// The SDK is installed where this process was started, not where this file is.
const require = createRequire(`${process.cwd()}/`);
const { Auth } = require("@vonage/auth");
const { Video } = require("@vonage/video");

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    const { credentials, method, args } = JSON.parse(line);
    const [applicationId, privateKey, videoHost] = credentials;
    const sdk = new Video(new Auth({ applicationId, privateKey }), { videoHost });
    answer = { found: (await sdk[method](...args)) ?? null };
  } catch (error) {
    answer = {
      kind: error.constructor.name,
      message: error.message,
      status: error.response?.status,
    };
  }
  console.log(JSON.stringify(answer));
}
