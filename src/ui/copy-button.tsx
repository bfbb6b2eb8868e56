import { type ReactElement, useEffect, useState } from 'react'
import { Button } from './button.tsx'
import { Icon } from './icon.tsx'
import { text } from './texts.ts'

const shownMs = 2000

/** Copies a text, and says that it did. */
export function CopyButton({
  value,
  label,
}: {
  readonly value: string
  readonly label: string
}): ReactElement {
  const [copied, setCopied] = useState(false)
  useEffect(() => {
    if (!copied) return
    const timer = setTimeout(() => setCopied(false), shownMs)
    return () => clearTimeout(timer)
  }, [copied])
  return (
    <Button
      onClick={() => {
        void navigator.clipboard.writeText(value).then(() => setCopied(true))
      }}
    >
      <Icon name={copied ? 'check' : 'copy'} />
      <span aria-live="polite">{copied ? text('copied') : label}</span>
    </Button>
  )
}
