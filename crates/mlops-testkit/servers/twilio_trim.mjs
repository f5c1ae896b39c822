// Twilio's description with nothing but the paths of messages. twilio_trim.mjs FROM TO
import { readFileSync, writeFileSync } from "node:fs";

const [from, to] = process.argv.slice(2);
const description = JSON.parse(readFileSync(from, "utf8"));
const wanted = "/2010-04-01/Accounts/{AccountSid}/Messages.json";
if (!description.paths[wanted]) throw new Error(`${from} has no ${wanted}`);
description.paths = { [wanted]: description.paths[wanted] };
writeFileSync(to, JSON.stringify(description));
