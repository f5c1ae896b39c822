// Twilio's Messages resource, in front of Prism. twilio_front.mjs ROOT PORT
//
// Each request goes to Prism, whose refusals are passed on. What it accepts is remembered by account, and listed. Faults:
//   POST /_faults {"account": "AC…", "kind": K, "times": N}, for the next N requests to create a message:
//     "429"           refused, with Retry-After: 1
//     "500"           refused
//     "500-kept"      created, and answered as if it were not
//     "hang-kept"     created, and not answered
//     "21211"         refused for good, as Twilio refuses a number that is none
//   GET /_messages?account=AC…   what was created
import { spawn } from "node:child_process";
import { createServer, request as httpRequest } from "node:http";

const [root, port] = process.argv.slice(2);
const prismPort = Number(port) + 1 > 65535 ? Number(port) - 1 : Number(port) + 1;
const prism = spawn(
  process.execPath,
  [`${root}/node_modules/@stoplight/prism-cli/dist/index.js`, "mock", "-h", "127.0.0.1", "-p", String(prismPort), "--errors", `${root}/messages.json`],
  { stdio: ["ignore", "inherit", "inherit"] },
);
prism.on("exit", (code) => process.exit(code ?? 1));
process.on("SIGTERM", () => prism.kill());

const messages = new Map();
const faults = [];

function of(account) {
  if (!messages.has(account)) messages.set(account, []);
  return messages.get(account);
}

function nextFault(account) {
  const fault = faults.find((fault) => fault.account === account && fault.times > 0);
  if (fault) fault.times -= 1;
  return fault?.kind;
}

function read(stream) {
  return new Promise((resolve, reject) => {
    const parts = [];
    stream.on("data", (part) => parts.push(part));
    stream.on("end", () => resolve(Buffer.concat(parts).toString()));
    stream.on("error", reject);
  });
}

function askPrism(incoming, body) {
  return new Promise((resolve, reject) => {
    const headers = { ...incoming.headers, host: `127.0.0.1:${prismPort}` };
    const options = { host: "127.0.0.1", port: prismPort, path: incoming.url, method: incoming.method, headers };
    const asked = httpRequest(options, async (answer) => resolve({ status: answer.statusCode, body: await read(answer) }));
    asked.on("error", reject);
    asked.end(body);
  });
}

// Twilio's own example of a list does not keep to its description, which is not the caller's fault.
function isAccepted(answer) {
  const found = answer.status < 300 ? [] : (JSON.parse(answer.body).validation ?? [{ location: [] }]);
  return found.every((violation) => violation.location[0] === "response");
}

function send(outgoing, status, value, headers = {}) {
  outgoing.writeHead(status, { "content-type": "application/json", ...headers });
  outgoing.end(typeof value === "string" ? value : JSON.stringify(value));
}

function refusal(status, code) {
  return { code, message: `error ${code}`, more_info: `https://www.twilio.com/docs/errors/${code}`, status };
}

async function create(account, body, answer, outgoing) {
  const fault = nextFault(account);
  if (fault === "429") return send(outgoing, 429, refusal(429, 20429), { "retry-after": "1" });
  if (fault === "500") return send(outgoing, 500, refusal(500, 20500));
  if (fault === "21211") return send(outgoing, 400, refusal(400, 21211));
  const form = Object.fromEntries(new URLSearchParams(body));
  const sid = `SM${String(of(account).length).padStart(32, "0")}`;
  const message = { ...JSON.parse(answer.body), sid, to: form.To, body: form.Body, from: form.From ?? null, status: "queued" };
  message.messaging_service_sid = form.MessagingServiceSid ?? null;
  of(account).push(message);
  if (fault === "500-kept") return send(outgoing, 500, refusal(500, 20500));
  if (fault === "hang-kept") return;
  send(outgoing, 201, message);
}

const front = createServer(async (incoming, outgoing) => {
  const url = new URL(incoming.url, "http://front");
  const body = await read(incoming);
  if (url.pathname === "/_faults") {
    faults.push(JSON.parse(body));
    return send(outgoing, 200, {});
  }
  if (url.pathname === "/_messages") return send(outgoing, 200, of(url.searchParams.get("account")));
  const answer = await askPrism(incoming, body);
  if (!isAccepted(answer)) return send(outgoing, answer.status, answer.body);
  const account = url.pathname.split("/")[3];
  if (incoming.method === "POST") return create(account, body, answer, outgoing);
  const found = of(account).filter((message) => message.to === url.searchParams.get("To"));
  send(outgoing, 200, { messages: found.reverse(), page: 0, page_size: 50, next_page_uri: null, uri: incoming.url });
});

// Prism says nothing that a program could wait for; the port opens when it can be asked.
const waiting = setInterval(() => {
  const asked = httpRequest({ host: "127.0.0.1", port: prismPort, path: "/" }, () => {
    clearInterval(waiting);
    if (!front.listening) front.listen(Number(port), "127.0.0.1");
  });
  asked.on("error", () => {});
  asked.end();
}, 200);
