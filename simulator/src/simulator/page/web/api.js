// Requests to the simulator's control API, and its stream of events.

const base = "/simulator";
const requestLimit = 30_000;
const reconnectDelay = 2_000;

async function ask(method, path, body) {
  const headers = body ? { "content-type": "application/json" } : {};
  const signal = AbortSignal.timeout(requestLimit);
  const request = { method, headers, signal, body: body && JSON.stringify(body) };
  const response = await fetch(base + path, request).catch(() => {
    throw new Error("The simulator does not respond.");
  });
  if (response.ok) return response.status === 204 ? null : response.json();
  const problem = await response.json().catch(() => ({}));
  throw new Error(problem.detail ?? `The simulator responded with status ${response.status}.`);
}

const phone = (number) => `/phones/${encodeURIComponent(number)}`;

export const phones = () => ask("GET", "/phones");
export const texts = (number) => ask("GET", `${phone(number)}/texts`);
export const addPhone = (number) => ask("POST", "/phones", { number });
export const removePhone = (number) => ask("DELETE", phone(number));
export const send = (number, to, body, media) => ask("POST", `${phone(number)}/texts`, { to, body, media });
export const resend = (id) => ask("POST", `/texts/${encodeURIComponent(id)}/resend`);
export const services = () => ask("GET", "/services");
export const settings = () => ask("GET", "/settings");
export const change = (choices) => ask("PUT", "/settings", choices);

// After a broken connection the browser reconnects by itself and names its last event. After an
// error response it does not, so a new stream begins, whose first event is "reset".
export function follow(handlers, onConnected) {
  const source = new EventSource(`${base}/events`);
  source.onopen = () => onConnected(true);
  source.onerror = () => {
    onConnected(false);
    if (source.readyState === EventSource.CLOSED) setTimeout(follow, reconnectDelay, handlers, onConnected);
  };
  for (const [kind, handle] of Object.entries(handlers)) {
    source.addEventListener(kind, (event) => handle(JSON.parse(event.data)));
  }
}
