import type { OrderedList } from "../../ordered-list.ts";
import type { Builder, Principal, Task, TaskClass } from "../state.ts";

/** Whose turn it is to be given a slot, and for which of its tasks. */
export interface Turn {
  readonly kind: TaskClass;
  readonly principal: Principal;
  readonly queue: OrderedList<Task>;
}

/** A task and where it shall run. */
export interface Placement {
  readonly task: Task;
  readonly builder: Builder;
}
