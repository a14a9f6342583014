/* SPDX-License-Identifier: MIT */
/* -machine none: a QMP server over no machine. */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "devices/util.h"
#include "vmm/kvm/kvm.h"
#include "vmm/machine/loop.h"
#include "vmm/report/outcome.h"
#include "vmm/qemu/qemu.h"
#include "vmm/qmp/qmp.h"

struct nothing {
	struct control control;
	unsigned int max_cpus;
	bool kvm;
	bool over;
};

static struct nothing *of(struct control *c)
{
	return container_of(c, struct nothing, control);
}

static enum control_status get_status(struct control *c)
{
	(void)c;
	return CONTROL_PRELAUNCH;
}

static int refuse(struct control *c, struct error *err)
{
	(void)c;
	return error_set(err, ENODEV, "there is no machine, only -machine none");
}

static int refuse_registers(struct control *c, unsigned int i, char *buf, size_t size,
			    struct error *err)
{
	(void)i;
	(void)buf;
	(void)size;
	return refuse(c, err);
}

static int refuse_dump(struct control *c, const struct control_dump *dump,
		       struct error *err)
{
	(void)dump;
	return refuse(c, err);
}

static void quit(struct control *c)
{
	of(c)->over = true;
}

/* Neither CPUs nor disks: the ops that would be asked about one are left out. */
static void get_facts(struct control *c, struct control_facts *facts)
{
	*facts = (struct control_facts){ .max_cpus = of(c)->max_cpus, .kvm = of(c)->kvm };
}

/* Of no machine nothing comes, whatever is wanted. */
static void get_actions(struct control *c, struct control_actions *actions)
{
	(void)c;
	*actions = (struct control_actions){ .reboot = true };
}

static void set_actions(struct control *c, const struct control_actions *actions)
{
	(void)c;
	(void)actions;
}

static const struct control_ops ops = {
	.status = get_status,
	.stop = refuse,
	.cont = refuse,
	.reset = refuse,
	.powerdown = refuse,
	.nmi = refuse,
	.quit = quit,
	.actions = get_actions,
	.set_actions = set_actions,
	.facts = get_facts,
	.registers = refuse_registers,
	.dump = refuse_dump,
};

/* What KVM of this host allows; one CPU where there is none to ask. */
static void ask_kvm(struct nothing *nothing)
{
	struct kvm kvm = { .dev_fd = -1, .vm_fd = -1 };
	struct error ignored;

	nothing->kvm = !kvm_open(&kvm, 1, &ignored);
	nothing->max_cpus = nothing->kvm ? kvm.max_vcpus : 1;
	kvm_close(&kvm);
}

static void remove_socket(void *arg, const char *path)
{
	(void)arg;
	unlink(path);
}

static int serve(const struct qemu_line *line, struct qemu_daemon *daemon,
		 struct loop *loop, struct error *err)
{
	struct nothing nothing = { .control.ops = &ops };
	struct qmp_server *server = qmp_create(&nothing.control, loop);
	unsigned int i;
	int ret = 0;

	if (!server)
		return error_set(err, ENOMEM, "no memory for a control socket");
	ask_kvm(&nothing);
	for (i = 0; i < line->machine.nr_qmp && !ret; i++)
		ret = qmp_open(server, line->machine.qmp[i], err);
	if (!ret)
		ret = qemu_daemon_ready(daemon, err);
	while (!ret && !nothing.over)
		loop_run_once(loop);
	qmp_each_path(server, remove_socket, NULL);
	qmp_destroy(server);
	return ret;
}

int qemu_probe(const struct qemu_line *line, struct qemu_daemon *daemon,
	       struct error *err)
{
	pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	struct loop loop;
	int ret = loop_init(&loop, &lock);

	if (ret)
		error_set(err, -ret, "no descriptors left (%s); raise ulimit -n",
			  strerror(-ret));
	else
		ret = serve(line, daemon, &loop, err);
	loop_fini(&loop);
	return ret ? STATUS_USAGE : STATUS_WELL;
}
