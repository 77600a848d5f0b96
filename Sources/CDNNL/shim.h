#include <dnnl.h>
#include <dnnl_version.h>

#if DNNL_VERSION_MAJOR != 2
#error "REBER_ONEDNN=1 needs oneDNN 2 (Debian 12's libdnnl-dev): others describe their operations otherwise"
#endif

// What of oneDNN Swift cannot call, since its descriptors hold arrays of C. Maps are NHWC.

// The threads that a primitive is made for, and runs with, where the calling thread makes or runs it: oneDNN
// asks OpenMP, whose header belongs to a compiler.
void omp_set_num_threads(int count);

// A convolution over `count` maps; stride 1 keeps their size.
typedef struct {
  int64_t count, height, width, inputs, outputs, kernel, stride;
  dnnl_data_type_t type;
} reber_dnnl_convolution;

// What is computed of it: the output; the output plus a bias, with a ReLU behind it, or with what is there
// added before that; the gradient of the input; that of the weights, in float32.
typedef enum {
  reber_dnnl_plain,
  reber_dnnl_biased,
  reber_dnnl_rectified,
  reber_dnnl_added,
  reber_dnnl_input_gradient,
  reber_dnnl_weight_gradient,
} reber_dnnl_pass;

// Attributes by which the caller lends memory, and what is done with the output.
static inline dnnl_primitive_attr_t reber_dnnl_attributes(reber_dnnl_pass pass) {
  dnnl_primitive_attr_t attributes;
  dnnl_post_ops_t operations;
  dnnl_primitive_attr_create(&attributes);
  dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
  dnnl_post_ops_create(&operations);
  if (pass == reber_dnnl_added) dnnl_post_ops_append_sum(operations, 1);
  if (pass == reber_dnnl_added || pass == reber_dnnl_rectified)
    dnnl_post_ops_append_eltwise(operations, 1, dnnl_eltwise_relu, 0, 0);
  dnnl_primitive_attr_set_post_ops(attributes, operations);
  dnnl_post_ops_destroy(operations);
  return attributes;
}

// The pixels of the output along `size` of the input, and what lies beyond the input on the far side.
static inline int64_t reber_dnnl_pixels(const reber_dnnl_convolution *c, int64_t size) {
  return (size + 2 * (c->kernel / 2) - c->kernel) / c->stride + 1;
}

static inline int64_t reber_dnnl_beyond(const reber_dnnl_convolution *c, int64_t size) {
  return (reber_dnnl_pixels(c, size) - 1) * c->stride + c->kernel - size - c->kernel / 2;
}

// Describes a pass. The layout of the weights is oneDNN's choice where `weights` is 0.
static inline dnnl_status_t reber_dnnl_describe(dnnl_engine_t engine, const reber_dnnl_convolution *c,
                                                reber_dnnl_pass pass,
                                                const dnnl_memory_desc_t *weights,
                                                dnnl_primitive_desc_t *description) {
  dnnl_dims_t x = {c->count, c->inputs, c->height, c->width};
  dnnl_dims_t w = {c->outputs, c->inputs, c->kernel, c->kernel}, bias = {c->outputs};
  dnnl_dims_t y = {c->count, c->outputs, reber_dnnl_pixels(c, c->height),
                   reber_dnnl_pixels(c, c->width)};
  dnnl_dims_t strides = {c->stride, c->stride}, near = {c->kernel / 2, c->kernel / 2};
  dnnl_dims_t far = {reber_dnnl_beyond(c, c->height), reber_dnnl_beyond(c, c->width)};
  const int isGradient = pass >= reber_dnnl_input_gradient;
  dnnl_memory_desc_t input, output, free, own, biases;
  dnnl_memory_desc_init_by_tag(&input, 4, x, c->type, dnnl_nhwc);
  dnnl_memory_desc_init_by_tag(&output, 4, y, c->type, dnnl_nhwc);
  dnnl_memory_desc_init_by_tag(&free, 4, w, c->type, dnnl_format_tag_any);
  dnnl_memory_desc_init_by_tag(&biases, 1, bias, dnnl_f32, dnnl_a);
  dnnl_memory_desc_init_by_tag(
      &own, 4, w, pass == reber_dnnl_weight_gradient ? dnnl_f32 : c->type, dnnl_format_tag_any);
  if (weights) own = *weights;

  omp_set_num_threads(1);
  dnnl_convolution_desc_t forward, gradient;
  const int isPlain = isGradient || pass == reber_dnnl_plain;
  const dnnl_prop_kind_t kind = isPlain ? dnnl_forward_training : dnnl_forward_inference;
  dnnl_status_t status = dnnl_convolution_forward_desc_init(
      &forward, kind, dnnl_convolution_direct, &input, isGradient ? &free : &own,
      isPlain ? 0 : &biases, &output, strides, near, far);
  if (status != dnnl_success) return status;
  dnnl_primitive_attr_t attributes = reber_dnnl_attributes(pass);
  if (!isGradient) {
    status = dnnl_primitive_desc_create(description, &forward, attributes, engine, 0);
    dnnl_primitive_attr_destroy(attributes);
    return status;
  }
  dnnl_primitive_desc_t hint;
  status = dnnl_primitive_desc_create(&hint, &forward, 0, engine, 0);
  if (status == dnnl_success) {
    status = pass == reber_dnnl_input_gradient
                 ? dnnl_convolution_backward_data_desc_init(
                       &gradient, dnnl_convolution_direct, &input, &own, &output, strides, near, far)
                 : dnnl_convolution_backward_weights_desc_init(
                       &gradient, dnnl_convolution_direct, &input, &own, 0, &output, strides, near,
                       far);
    if (status == dnnl_success)
      status = dnnl_primitive_desc_create(description, &gradient, attributes, engine, hint);
    dnnl_primitive_desc_destroy(hint);
  }
  dnnl_primitive_attr_destroy(attributes);
  return status;
}

// Describes a copy of weights [outputs, inputs, kernel, kernel] of float32 into another layout and type, or
// back.
static inline dnnl_status_t reber_dnnl_describe_copy(dnnl_engine_t engine,
                                                     const reber_dnnl_convolution *c,
                                                     const dnnl_memory_desc_t *weights, int isBack,
                                                     dnnl_primitive_desc_t *description) {
  dnnl_dims_t w = {c->outputs, c->inputs, c->kernel, c->kernel};
  dnnl_memory_desc_t plain;
  dnnl_memory_desc_init_by_tag(&plain, 4, w, dnnl_f32, dnnl_oihw);
  omp_set_num_threads(1);
  dnnl_primitive_attr_t attributes = reber_dnnl_attributes(reber_dnnl_plain);
  dnnl_status_t status = dnnl_reorder_primitive_desc_create(
      description, isBack ? weights : &plain, engine, isBack ? &plain : weights, engine, attributes);
  dnnl_primitive_attr_destroy(attributes);
  return status;
}

// Runs a primitive on the calling thread alone: argument i has its numbers at data[i]; at most 8.
static inline dnnl_status_t reber_dnnl_run(const_dnnl_primitive_t primitive,
                                           const_dnnl_primitive_desc_t description,
                                           dnnl_engine_t engine, int count, const int *arguments,
                                           void *const *data) {
  dnnl_exec_arg_t all[8];
  dnnl_stream_t stream;
  dnnl_status_t status = dnnl_stream_create(&stream, engine, dnnl_stream_default_flags);
  if (status != dnnl_success) return status;
  int made = 0;
  for (; made < count && status == dnnl_success; made++) {
    const dnnl_memory_desc_t *layout =
        dnnl_primitive_desc_query_md(description, dnnl_query_exec_arg_md, arguments[made]);
    all[made].arg = arguments[made];
    status = dnnl_memory_create(&all[made].memory, layout, engine, data[made]);
    if (status != dnnl_success) break;
  }
  omp_set_num_threads(1);
  if (status == dnnl_success) status = dnnl_primitive_execute(primitive, stream, made, all);
  if (status == dnnl_success) status = dnnl_stream_wait(stream);
  for (int i = 0; i < made; i++) dnnl_memory_destroy(all[i].memory);
  dnnl_stream_destroy(stream);
  return status;
}
