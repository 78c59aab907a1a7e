// Making elements, and keeping lists of them as they are.
//
// Whatever a client has called itself goes in as text, never as markup.

/** Make an element: properties, then children (elements or text). */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "data") Object.assign(element.dataset, value);
    else if (name.startsWith("aria-") || name === "role" || name === "for") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children);
  return element;
}

/** Set the text of an element if it has changed, so that selections and readers stay calm. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function find(id) {
  return document.getElementById(id);
}

/**
 * Let *parent* show *items*, in their order. An element lives as long as its item: a button
 * that has the focus keeps it while everything around it changes.
 */
export function keep(parent, items, keyOf, create, update) {
  const known = (parent.kept ??= new Map());
  const wanted = new Set(items.map(keyOf));
  const gone = [...known].filter(([key]) => !wanted.has(key));
  const leaving = new Set(gone.map(([, element]) => element));
  // What stays in its order is never moved, not even past what leaves: moving takes the focus.
  const staying = (element) => {
    while (leaving.has(element)) element = element.nextElementSibling;
    return element;
  };
  let place = staying(parent.firstElementChild);
  for (const item of items) {
    const key = keyOf(item);
    let element = known.get(key);
    if (!element) known.set(key, (element = create(item)));
    update(element, item);
    if (element === place) place = staying(place.nextElementSibling);
    else parent.insertBefore(element, place);
  }
  // Last, so that the focus finds its neighbours.
  for (const [key, element] of gone) {
    known.delete(key);
    saveFocus(element);
    element.remove();
  }
}

/** When the focused button goes away with its row, stay near instead of at the top. */
function saveFocus(element) {
  if (!element.contains(document.activeElement)) return;
  const next = element.nextElementSibling ?? element.previousElementSibling;
  const button = next?.querySelector("button") ?? element.closest(".session, .panel")?.querySelector("button");
  button?.focus();
}
