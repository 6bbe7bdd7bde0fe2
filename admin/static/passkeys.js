// Asks the browser for a passkey, and sends what it says with the form of the page.
"use strict";
const form = document.querySelector("form[data-passkey]");
const told = form.querySelector("[data-told]");
const isMaking = form.dataset.passkey === "make";

const bytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const letters = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const tell = (words) => { told.textContent = words; told.hidden = !words; };
const known = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

async function options() {
  const token = form.elements.csrf_token.value;
  const answer = await fetch(form.dataset.options, {
    method: "POST", headers: { "X-CSRFToken": token }, credentials: "same-origin", redirect: "error",
  });
  if (!answer.ok) throw new Error(String(answer.status));
  const asked = await answer.json();
  asked.challenge = bytes(asked.challenge);
  asked.allowCredentials = known(asked.allowCredentials);
  asked.excludeCredentials = known(asked.excludeCredentials);
  if (isMaking) asked.user.id = bytes(asked.user.id);
  return asked;
}

function written(made) {
  const said = { clientDataJSON: letters(made.response.clientDataJSON) };
  for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (made.response[part]) said[part] = letters(made.response[part]);
  }
  return JSON.stringify({ id: made.id, rawId: letters(made.rawId), type: made.type, response: said });
}

function addTransports(made) {
  const ways = made.response.getTransports ? made.response.getTransports() : [];
  for (const way of ways) {
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name: "transport", value: way });
    form.append(field);
  }
}

async function ask(event) {
  event.preventDefault();
  tell("");
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    const publicKey = await options();
    const made = await navigator.credentials[isMaking ? "create" : "get"]({ publicKey });
    form.elements.credential.value = written(made);
    if (isMaking) addTransports(made);
    form.submit();
  } catch (error) {
    button.disabled = false;
    const words = { InvalidStateError: form.dataset.known, SecurityError: form.dataset.cannot };
    tell(words[error.name] || form.dataset.failed);
  }
}

if (window.PublicKeyCredential && window.isSecureContext) {
  form.addEventListener("submit", ask);
} else {
  tell(form.dataset.cannot);
  form.querySelector("button").disabled = true;
}
