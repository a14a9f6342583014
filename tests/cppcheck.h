/* SPDX-License-Identifier: MIT */
/* Macros that cppcheck cannot do without; it does not see include/api, whose list macros it
 * takes for null pointers, nor the system's headers. */
#define for_each_sg(sgl, sg, n, i) for (i = 0, sg = (sgl); i < (n); i++, sg = sg_next(sg))
#define EX_TABLE(from, to)	   ""
#define dma_observe(...)	   (void)0
#define dma_observe_list(...)	   (void)0
#define json_object_foreach(object, key, value)                                     \
	for (key = json_object_iter_key(json_object_iter(object));                  \
	     key && (value = json_object_iter_value(json_object_key_to_iter(key))); \
	     key = json_object_iter_key(json_object_iter_next(object, key)))
#define json_array_foreach(array, index, value)                                        \
	for (index = 0;                                                                \
	     index < json_array_size(array) && (value = json_array_get(array, index)); \
	     index++)
#define list_for_each_entry_safe(pos, n, head, member) \
	while ((pos = entry_after(head)) && (n = entry_after(pos)))
