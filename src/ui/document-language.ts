/** Says in which language a page of ours is, and what it is called: screen readers need both. */
export function nameDocument(title: string): void {
  document.documentElement.lang = chrome.i18n.getUILanguage()
  document.title = title
}
