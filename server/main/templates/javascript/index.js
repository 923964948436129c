// Called with the arguments of a call as a list; what it returns is the result, as JSON.
export function handler(event) {
  const [name = "world"] = event;
  console.log(`greeting ${name}`);
  return { greeting: `hello ${name}` };
}

// Answers requests to /f/ACCOUNT/NAME/…
export default {
  async fetch(request) {
    const url = new URL(request.url);
    return Response.json({ method: request.method, path: url.pathname });
  },
};
