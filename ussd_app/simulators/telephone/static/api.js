// The simulator over HTTP; a refusal becomes an Error with its own words.

export async function call(method, path, body) {
  const options = { method, headers: {} };
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  const answer = await fetch(path, options);
  if (answer.status === 204) return null;
  const content = await answer.json();
  if (!answer.ok) throw new Error(content.error || `HTTP ${answer.status}`);
  return content;
}

/** The address of one phone, or of one of its keys. */
export function phonePath(phone, key = "") {
  return `/phones/${encodeURIComponent(phone)}${key && "/" + key}`;
}
