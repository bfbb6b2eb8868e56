import { showWindow } from './windows.ts'

/** The window in which sites' questions are answered: one, brought to the front again. Closing it is a no to all of them. */
export function createApprovalWindow(closed: () => void): { show(): Promise<void> } {
  let open: Promise<number | undefined> | undefined
  chrome.windows.onRemoved.addListener(id => {
    void open?.then(known => {
      if (known !== id) return
      open = undefined
      closed()
    })
  })
  return {
    async show() {
      open ??= showWindow({ show: 'approval' }).catch(() => undefined)
      const id = await open
      if (id !== undefined) await chrome.windows.update(id, { focused: true }).catch(() => undefined)
    },
  }
}
