// Tork's web front, unmodified, as somebody uses it in a browser: submits, watches, reads logs, cancels, restarts,
// duplicates, searches, schedules. Arguments: the folder of playwright-core, the browser, the address of the front.

import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";

const [folder, browserPath, front] = process.argv.slice(2);
const { chromium } = createRequire(`${folder}/`)("playwright-core");

const SLOW = "name: slow one\ntasks:\n  - {name: wait, run: sleep 600}\n";
const BROKEN = "name: broken\ntasks:\n  - {name: t, run: echo, nope: 1}\n";
const NIGHTLY = "name: nightly one\nschedule: {cron: '@daily'}\ntasks:\n  - {name: t, run: echo}\n";
const PATIENCE_MS = 30_000;

// Its own network is off: there is none, and it would wait for it.
const browser = await chromium.launch({
  executablePath: browserPath.includes("/") ? browserPath : execFileSync("which", [browserPath], { encoding: "utf8" }).trim(),
  args: ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const page = await browser.newPage();
page.setDefaultTimeout(PATIENCE_MS);
const wrong = [];
// Its editor comes from elsewhere, where nothing can be had: what fails to load is an `Event`, and no error.
page.on("pageerror", (error) => error instanceof Error && error.message !== "Event" && wrong.push(String(error)));
page.on("response", (response) => {
  if (response.url().startsWith(front) && response.status() >= 500) wrong.push(`${response.status()} ${response.url()}`);
});

const open = (path) => page.goto(front + path);
const button = (name) => page.getByRole("button", { name, exact: true });
const submit = (text) =>
  page.evaluate(
    (body) => fetch("/api/jobs", { method: "POST", body, headers: { "content-type": "text/yaml" } }).then((answer) => answer.json()),
    text,
  );

/** Loads a page until it shows a text, in whatever case its style sheet shows it. */
async function until(path, text) {
  for (const end = Date.now() + PATIENCE_MS; ; ) {
    await open(path);
    if (await page.getByText(new RegExp(`^${text}$`, "i")).count()) return;
    if (Date.now() > end) throw new Error(`${path} never showed ${text}: ${await page.innerText("body")}`);
  }
}

async function has(text) {
  await page.getByText(text).first().waitFor();
}

// What the page offers to submit, as it stands.
await open("/");
await page.waitForURL("**/jobs");
await open("/jobs/create");
await button("Submit").click();
await page.waitForURL(/\/jobs\/[0-9a-f]{32}$/);
const job = new URL(page.url()).pathname;
await until(job, "Completed");
await has("my first task");
await button("Log").first().click();
await has("hello world");
await button("Close").click();
console.log("submitted, and read its log");

// The same again, from what it shows of it.
const shown = page.waitForResponse((answer) => answer.url().includes("/api/jobs/")).then((answer) => answer.finished());
await button("Duplicate").click();
await page.waitForURL("**/duplicate?id=*");
await shown;
await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
await button("Submit").click();
await page.waitForURL(/\/jobs\/[0-9a-f]{32}$/);
const again = new URL(page.url()).pathname;
if (again === job) throw new Error("it is the same job");
await until(again, "Completed");
console.log("duplicated");

const slow = await submit(SLOW);
await until(`/jobs/${slow.id}`, "Running");
await button("Cancel").click();
await button("Confirm").click();
await until(`/jobs/${slow.id}`, "Cancelled");
await button("Restart").click();
await until(`/jobs/${slow.id}`, "Running");
await button("Cancel").click();
await button("Confirm").click();
await until(`/jobs/${slow.id}`, "Cancelled");
console.log("cancelled and restarted");

const refused = await submit(BROKEN);
if (!refused.message?.includes("field nope not found")) throw new Error(JSON.stringify(refused));

await open("/jobs");
await page.fill("#q", "slow");
await page.press("#q", "Enter");
await page.waitForURL("**/jobs?q=slow");
await has("slow one");
if (await page.getByText("my job").count()) throw new Error("it found what it was not asked for");
console.log("searched");

await submit(NIGHTLY);
await open("/scheduled");
await has("nightly one");
await button("Pause").click();
await button("Confirm").click();
await until("/scheduled", "PAUSED");
await button("Resume").click();
await until("/scheduled", "ACTIVE");
await button("Delete").click();
await button("Confirm").click();
for (const end = Date.now() + PATIENCE_MS; ; await open("/scheduled")) {
  if (!(await page.getByText("nightly one").count())) break;
  if (Date.now() > end) throw new Error("the schedule is still there");
}
console.log("scheduled, paused, resumed, deleted");

await open("/nodes");
await has("UP");
await open("/queues");
await has("default");
if (process.argv[5]) await page.screenshot({ path: process.argv[5], fullPage: true });
await browser.close();
if (wrong.length) throw new Error(wrong.join("\n"));
console.log("tour done");
