// The simulator's control side, asked and followed.

const base = "/simulator";

async function ask(method, path, body) {
  const headers = body ? { "content-type": "application/json" } : {};
  const response = await fetch(base + path, { method, headers, body: body && JSON.stringify(body) });
  if (response.ok) return response.status === 204 ? null : response.json();
  const problem = await response.json().catch(() => ({}));
  throw new Error(problem.detail ?? `The simulator answered ${response.status}.`);
}

const phone = (number) => `/phones/${encodeURIComponent(number)}`;

export const phones = () => ask("GET", "/phones");
export const texts = (number) => ask("GET", `${phone(number)}/texts`);
export const addPhone = (number) => ask("POST", "/phones", { number });
export const removePhone = (number) => ask("DELETE", phone(number));
export const send = (number, to, body, media) => ask("POST", `${phone(number)}/texts`, { to, body, media });
export const resend = (id) => ask("POST", `/texts/${encodeURIComponent(id)}/resend`);
export const settings = () => ask("GET", "/settings");
export const change = (choices) => ask("PUT", "/settings", choices);

// The browser comes back by itself after a break, and says where it was.
export function follow(handlers, onLive) {
  const source = new EventSource(`${base}/events`);
  source.onopen = () => onLive(true);
  source.onerror = () => onLive(false);
  for (const [kind, handle] of Object.entries(handlers)) {
    source.addEventListener(kind, (event) => handle(JSON.parse(event.data)));
  }
}
