import { type ComponentProps, type ReactElement, useId } from 'react'

type FieldProps = {
  readonly label: string
  readonly hint?: string | undefined
  /** What is wrong with the value, in words; read out when it appears. */
  readonly wrong?: string | undefined
  readonly rows?: number
  readonly onText: (text: string) => void
} & Omit<ComponentProps<'input'>, 'id' | 'onChange'>

/** A labelled input, or with `rows` a text area, with what is wrong said beside it. */
export function Field({ label, hint, wrong, rows, onText, ...input }: FieldProps): ReactElement {
  const id = useId()
  const shared = {
    id,
    'aria-invalid': wrong !== undefined,
    'aria-describedby': `${id}-note`,
    onChange: (event: { currentTarget: { value: string } }) => onText(event.currentTarget.value),
  }
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {rows === undefined ? (
        <input {...input} {...shared} />
      ) : (
        <textarea {...shared} rows={rows} value={input.value} spellCheck={false} autoComplete="off" />
      )}
      <p id={`${id}-note`} aria-live="polite" className={wrong === undefined ? 'hint' : 'wrong'}>
        {wrong ?? hint}
      </p>
    </div>
  )
}
